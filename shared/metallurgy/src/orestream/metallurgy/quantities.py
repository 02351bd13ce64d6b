"""Masses and moisture: exact decimals in kilograms, moisture in percent of the wet mass."""

from collections.abc import Callable, Iterable
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    getcontext,
    setcontext,
)
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from orestream.metallurgy.errors import ImpossibleQuantityError

P = ParamSpec("P")
R = TypeVar("R")

# Sixty digits hold every product of a mass and a grade exactly; only divisions and roots are rounded.
EXACT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])

ZERO: Final = Decimal(0)
HUNDRED: Final = Decimal(100)
GRAM: Final = Decimal("0.001")

KG_PER_TONNE: Final = Decimal(1000)
LB_PER_TONNE: Final = Decimal("2204.62262")
"""International pound of 0.45359237 kg exactly, rounded to the eight figures that trade writes."""
GRAMS_PER_TROY_OUNCE: Final = Decimal("31.1034768")


def exactly(function: Callable[P, R]) -> Callable[P, R]:
    """Run `function` under `EXACT`, whatever decimal context its caller has; the caller's is left alone."""

    @wraps(function)
    def in_exact_context(*args: P.args, **kwargs: P.kwargs) -> R:
        before = getcontext()
        if before is EXACT:
            return function(*args, **kwargs)
        setcontext(EXACT)
        try:
            return function(*args, **kwargs)
        finally:
            setcontext(before)

    return in_exact_context


@exactly
def kg(mass_kg: Decimal) -> Decimal:
    """A mass as it is stated: kilograms with three decimals, half to even.

    Raises:
        ImpossibleQuantityError: it is not a finite number.
    """
    if not mass_kg.is_finite():
        raise ImpossibleQuantityError(f"{mass_kg} is no mass")
    return mass_kg.quantize(GRAM) + ZERO  # which turns a negative zero into a plain one


@exactly
def total_kg(masses_kg: Iterable[Decimal]) -> Decimal:
    """The sum of masses in kg, rounded once, at the end."""
    return kg(sum(masses_kg, ZERO))


@exactly
def net_kg(gross_kg: Decimal, tare_kg: Decimal) -> Decimal:
    """What a weighbridge ticket weighed: gross − tare, in kg.

    Raises:
        ImpossibleQuantityError: tare is negative, or the net is not above zero (rule R01).
    """
    net = kg(gross_kg) - kg(tare_kg)
    if tare_kg < 0 or net <= 0:
        raise ImpossibleQuantityError(f"gross {gross_kg} kg less tare {tare_kg} kg leaves no net mass")
    return kg(net)


@exactly
def dry_fraction(moisture_pct: Decimal) -> Decimal:
    """1 − m, the part of a wet mass that is dry solids, 0 exclusive to 1.

    Raises:
        ImpossibleQuantityError: moisture is not within 0 (inclusive) and 100 % (exclusive) (rule R01).
    """
    if not moisture_pct.is_finite() or not 0 <= moisture_pct < HUNDRED:
        raise ImpossibleQuantityError(f"moisture {moisture_pct} % is not within 0 and 100")
    return 1 - moisture_pct / HUNDRED


@exactly
def dry_kg(wet_kg: Decimal, moisture_pct: Decimal) -> Decimal:
    """Dry mass of a wet one: wet × (1 − m), in kg.

    Raises:
        ImpossibleQuantityError: moisture out of range.
    """
    return kg(wet_kg * dry_fraction(moisture_pct))


@exactly
def wet_kg(dry_kg: Decimal, moisture_pct: Decimal) -> Decimal:
    """Wet mass of a dry one at the given moisture: dry ÷ (1 − m), in kg.

    Raises:
        ImpossibleQuantityError: moisture out of range.
    """
    return kg(dry_kg / dry_fraction(moisture_pct))


@exactly
def moisture_pct(wet_kg: Decimal, dry_kg: Decimal, *, places: int = 4) -> Decimal:
    """Moisture in percent of the wet mass, (wet − dry) ÷ wet × 100, with `places` decimals.

    Raises:
        ImpossibleQuantityError: wet is not above zero, dry is not above zero, or dry exceeds wet.
    """
    if not 0 < dry_kg <= wet_kg:
        raise ImpossibleQuantityError(f"{dry_kg} kg dry in {wet_kg} kg wet has no moisture")
    return ((wet_kg - dry_kg) / wet_kg * HUNDRED).quantize(Decimal(1).scaleb(-places))


@exactly
def dry_sigma_kg(
    wet_kg: Decimal, sigma_wet_kg: Decimal | None, moisture_pct: Decimal, sigma_moisture_pct: Decimal | None
) -> Decimal | None:
    """Standard uncertainty of a dry mass in kg (unrounded); None unless both sources are known.

    First-order propagation of dry = wet × (1 − m): σ² = ((1 − m) σ_wet)² + (wet σ_m)².
    """
    if sigma_wet_kg is None or sigma_moisture_pct is None:
        return None
    of_weight = dry_fraction(moisture_pct) * sigma_wet_kg
    of_moisture = wet_kg * sigma_moisture_pct / HUNDRED
    return (of_weight * of_weight + of_moisture * of_moisture).sqrt()


@exactly
def pounds(mass_kg: Decimal) -> Decimal:
    """A mass of kilograms in pounds, three decimals."""
    return (mass_kg / KG_PER_TONNE * LB_PER_TONNE).quantize(GRAM)


@exactly
def troy_ounces(mass_kg: Decimal) -> Decimal:
    """A mass of kilograms in troy ounces, three decimals."""
    return (mass_kg * 1000 / GRAMS_PER_TROY_OUNCE).quantize(GRAM)
