"""How much of an element a compound holds, so that a result in one form can be read in another."""

from decimal import Decimal
from types import MappingProxyType
from typing import Final

from orestream.metallurgy.errors import FormulaDoesNotApplyError

ELEMENT_FRACTION: Final = MappingProxyType(
    {
        ("Sb2O3", "Sb"): Decimal("0.83535"),
        ("Sb2S3", "Sb"): Decimal("0.71687"),
        ("Nd2O3", "Nd"): Decimal("0.85736"),
        ("Pr6O11", "Pr"): Decimal("0.82770"),
        ("Pr2O3", "Pr"): Decimal("0.85447"),
        ("CuFeS2", "Cu"): Decimal("0.34628"),
    }
)
"""Mass of the element per mass of the compound, from IUPAC's standard atomic weights, five figures."""


def element_fraction(compound: str, element: str) -> Decimal:
    """Mass fraction of `element` in `compound`.

    Raises:
        FormulaDoesNotApplyError: the pair is not in the table.
    """
    if (compound, element) not in ELEMENT_FRACTION:
        raise FormulaDoesNotApplyError(f"no factor from {compound} to {element}")
    return ELEMENT_FRACTION[compound, element]
