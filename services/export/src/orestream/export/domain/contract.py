"""A contract: what was sold to whom, and within which limits."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from orestream.contracts.decision import Accepted, Decision, Happened, Refused, World
from orestream.contracts.export import RegisterContract
from orestream.contracts.parts import Limit
from orestream.contracts.shipments import ContractRegistered
from orestream.export.domain.figures import Rulebook
from orestream.lots.rules import R01, R04, refused
from orestream.lots.weighing import check_mass
from orestream.lots.words import check_known, check_material
from orestream.metallurgy.quantities import HUNDRED, kg

CONTRACT = "contract"
QUANTITY = "quantity"
MATERIAL = "material"
"""Terms of a contract that are no analyte."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract as it was registered; what its buyer waives for a shipment stands there."""

    id: str
    seller: str
    buyer: str
    material: str
    quantity_dry_kg: Decimal
    tolerance_pct: Decimal
    quality: tuple[Limit, ...]
    synthetic: bool

    @property
    def least_dry_kg(self) -> Decimal:
        """The least that may be delivered, kg dry."""
        return kg(self.quantity_dry_kg * (HUNDRED - self.tolerance_pct) / HUNDRED)

    @property
    def most_dry_kg(self) -> Decimal:
        """The most that may be delivered, kg dry."""
        return kg(self.quantity_dry_kg * (HUNDRED + self.tolerance_pct) / HUNDRED)

    @property
    def terms(self) -> tuple[str, ...]:
        """What a buyer may waive."""
        return (*(limit.analyte for limit in self.quality), QUANTITY, MATERIAL)


def register(command: RegisterContract, world: World, rules: Rulebook) -> Decision:
    """A contract is registered once, with terms that can be met."""
    wrong = _check_names(command, rules) or _check_terms(command)
    if wrong is not None:
        return wrong
    if world.get(CONTRACT, command.contract_id) is not None:
        why = f"contract {command.contract_id} is registered already; give another id"
        return refused(R04, why, contract_id=command.contract_id)
    stated = {name: getattr(command, name) for name in ContractRegistered.model_fields}
    return Accepted((ContractRegistered(**stated | {"quantity_dry_kg": kg(command.quantity_dry_kg)}),))


def _check_names(command: RegisterContract, rules: Rulebook) -> Refused | None:
    """Material, analytes and units stand in the tables."""
    wrong = check_material(command.material, rules.common)
    for limit in command.quality:
        wrong = wrong or check_known("analyte", limit.analyte, rules.common.analytes)
        wrong = wrong or check_known("unit", limit.unit, rules.common.units)
    return wrong


def _check_terms(command: RegisterContract) -> Refused | None:
    """A quantity above zero, and limits that leave something between them."""
    wrong = check_mass("the quantity", command.quantity_dry_kg)
    if wrong is not None:
        return wrong
    if not 0 <= command.tolerance_pct < HUNDRED:
        why = f"a tolerance of {command.tolerance_pct} % is not from 0 to less than 100 %"
        return refused(R01, why, tolerance_pct=command.tolerance_pct)
    for limit in command.quality:
        ends = [end for end in (limit.min, limit.max) if end is not None]
        if not ends or ends != sorted(ends):
            why = f"{limit.analyte} has a min, a max or both, and the min is not above the max"
            return refused(R01, why, analyte=limit.analyte, min=limit.min or "", max=limit.max or "")
    return None


def evolve(state: Contract | None, happened: Happened) -> Contract | None:
    """The contract after one of its facts."""
    match happened.fact:
        case ContractRegistered() as fact:
            return Contract(
                id=fact.contract_id,
                seller=fact.seller,
                buyer=fact.buyer,
                material=fact.material,
                quantity_dry_kg=fact.quantity_dry_kg,
                tolerance_pct=fact.tolerance_pct,
                quality=fact.quality,
                synthetic=fact.synthetic,
            )
        case _:
            return state
