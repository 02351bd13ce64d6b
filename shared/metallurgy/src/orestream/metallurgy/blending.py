"""What a blend inherits from its parts: mass, metal, mean grades, shares of parents and of origins."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeVar

from orestream.metallurgy.errors import ImpossibleQuantityError
from orestream.metallurgy.grades import PARTS_PER_ONE, Grade, Measured, tidy
from orestream.metallurgy.quantities import ZERO, exactly, moisture_pct, total_kg

K = TypeVar("K", bound=Hashable)

SHARE_STEPS: Final = 10_000
SHARE_STEP: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a blend: wet and dry kg drawn, and its results on dry basis by analyte."""

    wet_kg: Decimal
    dry_kg: Decimal
    grades: Mapping[str, Measured]


@dataclass(frozen=True, slots=True)
class Blend:
    """A blend's book: masses in kg, moisture in percent of wet, mean grades on dry basis."""

    wet_kg: Decimal
    dry_kg: Decimal
    moisture_pct: Decimal
    grades: Mapping[str, Grade]


@exactly
def blend(parts: Sequence[Part]) -> Blend:
    """The book of a blend (rule R11): sums of mass, mass-weighted means of grade.

    Raises:
        ImpossibleQuantityError: no part, or no dry mass in them.
    """
    wet = total_kg(part.wet_kg for part in parts)
    dry = total_kg(part.dry_kg for part in parts)
    return Blend(wet, dry, moisture_pct(wet, dry), mean_grades(parts))


@exactly
def mean_grades(parts: Sequence[Part]) -> dict[str, Grade]:
    """Mean grade of each analyte weighted by dry mass, in the first part's unit, ten decimals.

    Only analytes with a number in every part: a detection limit or a missing result anywhere, or an
    activity beside a mass grade, leaves the analyte out. σ is known when every part's is:
    σ² = Σ (dryᵢ σᵢ)² ÷ (Σ dryᵢ)².

    Raises:
        ImpossibleQuantityError: no part, or no dry mass in them.
    """
    if sum((part.dry_kg for part in parts), ZERO) <= 0:
        raise ImpossibleQuantityError("a blend without dry mass has no grade")
    means = {analyte: _mean(parts, analyte) for analyte in parts[0].grades}
    return {analyte: grade for analyte, grade in means.items() if grade is not None}


def _mean(parts: Sequence[Part], analyte: str) -> Grade | None:
    unit = parts[0].grades[analyte].unit
    dry, metal, variance = ZERO, ZERO, ZERO
    all_sigmas_known = True
    for part in parts:
        grade = part.grades.get(analyte)
        if not isinstance(grade, Grade) or (grade.unit == "Bq/g") != (unit == "Bq/g"):
            return None
        factor = Decimal(1) if unit == "Bq/g" else PARTS_PER_ONE[unit] / PARTS_PER_ONE[grade.unit]
        dry += part.dry_kg
        metal += part.dry_kg * grade.value * factor
        all_sigmas_known = all_sigmas_known and grade.sigma is not None
        variance += (part.dry_kg * (grade.sigma or ZERO) * factor) ** 2
    sigma = tidy(variance.sqrt() / dry) if all_sigmas_known else None
    return Grade(tidy(metal / dry), unit, sigma)


@exactly
def shares(weights: Mapping[K, Decimal]) -> dict[K, Decimal]:
    """Each key's share of the total weight: four decimals, together exactly 1 (largest remainder).

    A whole share is `1`. Equal remainders go to the key that sorts first, so that the order of the parts
    does not matter. Keys keep the order given.

    Raises:
        ImpossibleQuantityError: a weight is negative, or together they are not above zero.
    """
    total = sum(weights.values(), ZERO)
    if total <= 0 or any(weight < 0 for weight in weights.values()):
        raise ImpossibleQuantityError("shares are taken of weights that are not negative and not all zero")
    steps = {key: int(weight * SHARE_STEPS // total) for key, weight in weights.items()}
    remainders = {key: weight * SHARE_STEPS - steps[key] * total for key, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda key: (-remainders[key], repr(key)))
    for key in by_remainder[: SHARE_STEPS - sum(steps.values())]:
        steps[key] += 1
    return {key: Decimal(1) if count == SHARE_STEPS else count * SHARE_STEP for key, count in steps.items()}


@exactly
def merged_shares(parents: Iterable[tuple[Decimal, Mapping[K, Decimal]]]) -> dict[K, Decimal]:
    """Origins' shares in what was made of several parents: each parent's shares weighted by its mass.

    Args:
        parents: (dry kg drawn, share by origin) of each parent; an origin may stand in several.

    Raises:
        ImpossibleQuantityError: a weight is negative, or together they are not above zero.
    """
    weights: dict[K, Decimal] = {}
    for dry_kg, origins in parents:
        for origin, share in origins.items():
            weights[origin] = weights.get(origin, ZERO) + dry_kg * share
    return shares(weights)
