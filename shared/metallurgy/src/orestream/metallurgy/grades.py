"""What an assay says of one analyte: a number or a detection limit, its unit, its basis, its mass."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal, TypeAlias, get_args

from orestream.metallurgy.errors import NotAMassGradeError, UnreadableGradeError
from orestream.metallurgy.quantities import HUNDRED, ZERO, dry_fraction, exactly

MassUnit: TypeAlias = Literal["%", "g/t", "ppm"]
Unit: TypeAlias = Literal["%", "g/t", "ppm", "Bq/g"]
Basis: TypeAlias = Literal["dry", "as-received"]

PARTS_PER_ONE: Final[dict[str, Decimal]] = {"%": Decimal(100), "g/t": Decimal(10**6), "ppm": Decimal(10**6)}
UNITS: Final[tuple[Unit, ...]] = get_args(Unit)
# Ten decimals of a percent are half a milligram in a thousand tonnes: a mean keeps its parts' metal.
GRADE_STEP: Final = Decimal("1e-10")
_RESULT: Final = re.compile(r"(?:(<) ?)?(-?[0-9]+(?:\.[0-9]+)?)")


@dataclass(frozen=True, slots=True)
class Grade:
    """A measured content: a number in its unit, with its standard uncertainty in the same unit."""

    value: Decimal
    unit: Unit
    sigma: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Censored:
    """A content below what the method detects: a valid result, and not a number to balance with."""

    limit: Decimal
    unit: Unit


Measured: TypeAlias = Grade | Censored


def parse(value: str, unit: str, sigma: Decimal | str | None = None) -> Measured:
    """Read a result as certificates write it: `5.20`, or `<0.01` for below the detection limit.

    A negative number is read as it stands; that an assay is not negative is rule R05's to say.

    Raises:
        UnreadableGradeError: the text is neither, or the unit is unknown.
    """
    match = _RESULT.fullmatch(value)
    if match is None:
        raise UnreadableGradeError(f"{value!r} is neither a number nor a detection limit")
    known = _unit(unit)
    censored, digits = match.groups()
    if censored:
        return Censored(Decimal(digits), known)
    return Grade(Decimal(digits), known, None if sigma is None else Decimal(sigma))


def _unit(unit: str) -> Unit:
    for known in UNITS:
        if known == unit:
            return known
    raise UnreadableGradeError(f"unit {unit!r} is none of {', '.join(UNITS)}")


@exactly
def fraction(grade: Grade) -> Decimal:
    """The mass fraction of a grade: 5.20 % is 0.0520, 2 g/t is 0.000002; exact.

    Raises:
        NotAMassGradeError: an activity states no mass.
    """
    return grade.value / _parts_per_one(grade)


@exactly
def sigma_fraction(grade: Grade) -> Decimal | None:
    """The standard uncertainty of a grade as a mass fraction; None when it is not known.

    Raises:
        NotAMassGradeError: an activity states no mass.
    """
    return None if grade.sigma is None else grade.sigma / _parts_per_one(grade)


def _parts_per_one(grade: Grade) -> Decimal:
    if grade.unit not in PARTS_PER_ONE:
        raise NotAMassGradeError(f"{grade.value} {grade.unit} states no mass")
    return PARTS_PER_ONE[grade.unit]


@exactly
def in_unit(grade: Grade, unit: MassUnit) -> Grade:
    """The same mass grade in another unit; exact.

    Raises:
        NotAMassGradeError: an activity states no mass.
    """
    factor = PARTS_PER_ONE[unit] / _parts_per_one(grade)
    sigma = None if grade.sigma is None else grade.sigma * factor
    return Grade(grade.value * factor, unit, sigma)


@exactly
def on_dry_basis(measured: Measured, basis: Basis, sample_moisture_pct: Decimal) -> Measured:
    """A result on dry basis: as-received ÷ (1 − m) with that sample's moisture; dry results as they are.

    Ten decimals in the result's own unit; a detection limit is converted as a number is. The uncertainty
    of the sample's moisture is not propagated.

    Raises:
        ImpossibleQuantityError: moisture out of range.
    """
    return measured if basis == "dry" else _scaled(measured, 1 / dry_fraction(sample_moisture_pct))


@exactly
def as_received(measured: Measured, sample_moisture_pct: Decimal) -> Measured:
    """A dry result as the wet material carries it: dry × (1 − m), ten decimals.

    Raises:
        ImpossibleQuantityError: moisture out of range.
    """
    return _scaled(measured, dry_fraction(sample_moisture_pct))


def _scaled(measured: Measured, factor: Decimal) -> Measured:
    if isinstance(measured, Censored):
        return replace(measured, limit=tidy(measured.limit * factor))
    sigma = None if measured.sigma is None else tidy(measured.sigma * factor)
    return replace(measured, value=tidy(measured.value * factor), sigma=sigma)


@exactly
def tidy(number: Decimal) -> Decimal:
    """A calculated grade as it is stated: ten decimals, half to even, without trailing zeros or exponent."""
    rounded = number.quantize(GRADE_STEP).normalize()
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded


@exactly
def contained_kg(dry_kg: Decimal, grade: Grade) -> Decimal:
    """Contained metal M = dry × grade, in kg, exact: sums are rounded once, by `kg()`, at their end.

    Raises:
        NotAMassGradeError: an activity states no mass.
    """
    return dry_kg * fraction(grade)


@exactly
def contained_sigma_kg(dry_kg: Decimal, sigma_dry_kg: Decimal | None, grade: Grade) -> Decimal | None:
    """Standard uncertainty of contained metal, in kg (unrounded); None unless both sources are known.

    (σ_M/M)² = (σ_W/W)² + (σ_m/(1−m))² + (σ_g/g)², with the first two terms already joined in the dry
    mass by `dry_sigma_kg`, and written with absolute terms so that a grade of zero is no exception.

    Raises:
        NotAMassGradeError: an activity states no mass.
    """
    sigma_grade = sigma_fraction(grade)
    if sigma_dry_kg is None or sigma_grade is None:
        return None
    of_mass, of_grade = sigma_dry_kg * fraction(grade), dry_kg * sigma_grade
    return (of_mass * of_mass + of_grade * of_grade).sqrt()


@exactly
def sum_pct(measured: Iterable[Measured]) -> Decimal:
    """Σ of the mass grades in percent, exact (rule R05); detection limits and activities add nothing.

    The caller chooses analytes that are independent of each other (TREO already holds its oxides).
    """
    numbers = (m for m in measured if isinstance(m, Grade) and m.unit in PARTS_PER_ONE)
    return sum((fraction(grade) * HUNDRED for grade in numbers), ZERO)
