"""The balance of one batch or period: what went in, what came out, and whether the difference is honest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import NormalDist
from typing import Final, Literal, TypeAlias

from orestream.metallurgy.grades import Grade, Measured, contained_kg, contained_sigma_kg
from orestream.metallurgy.quantities import HUNDRED, ZERO, exactly, kg

StageKind: TypeAlias = Literal["physical", "chemical"]
Role: TypeAlias = Literal[
    "input", "reagent", "wip-opening", "product", "middlings", "tailings", "residue", "loss", "wip-closing"
]
Verdict: TypeAlias = Literal["balanced", "gain", "loss", "not-testable", "measurement-too-poor"]
ToleranceFrom: TypeAlias = Literal["cap", "sigma"]

SOLIDS: Final = "solids"
ROLES_IN: Final[frozenset[Role]] = frozenset({"input", "reagent", "wip-opening"})
WORST_FIRST: Final[tuple[Verdict, ...]] = ("gain", "loss", "measurement-too-poor", "balanced", "not-testable")
_PCT: Final = Decimal("0.01")
_YIELD_PCT: Final = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Stream:
    """One thing that entered or left: dry kg, results on dry basis by analyte, σ of the dry mass in kg.

    A reagent's mass is no ore solids; it counts only for the elements among its results.
    `sigma_dry_kg` comes from `dry_sigma_kg`; None where weight or moisture has no σ.
    """

    role: Role
    dry_kg: Decimal
    grades: Mapping[str, Measured] = field(default_factory=dict)
    sigma_dry_kg: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ToleranceRule:
    """What the rule table says: the cap in percent of what went in, and how often honesty may be doubted.

    `quarantined_honest_pct`: an honest batch is quarantined in at most this percentage of cases.
    """

    cap_pct: Decimal
    quarantined_honest_pct: Decimal
    cap_pct_by_component: Mapping[str, Decimal] = field(default_factory=dict)

    def cap_of(self, component: str) -> Decimal:
        """The cap of a component in percent of its input; its own where the table has one."""
        return self.cap_pct_by_component.get(component, self.cap_pct)


@dataclass(frozen=True, slots=True)
class ComponentBalance:
    """One component's line: kg with three decimals; everything but the verdict is None when not testable.

    `unaccounted_kg` = in − out, so a loss is positive. `tolerance_kg` is what the verdict compared it with.
    `recovery_pct` (two decimals) is of elements alone, and None where nothing went in or no product came out;
    `recovery_sigma_pct` is its standard uncertainty in points, where it is known.
    """

    verdict: Verdict
    in_kg: Decimal | None = None
    out_kg: Decimal | None = None
    unaccounted_kg: Decimal | None = None
    tolerance_kg: Decimal | None = None
    tolerance_from: ToleranceFrom | None = None
    recovery_pct: Decimal | None = None
    recovery_sigma_pct: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """A whole balance: a line per component (`solids` first), the worst verdict, the yield in percent."""

    components: Mapping[str, ComponentBalance]
    verdict: Verdict
    yield_pct: Decimal | None


@dataclass(frozen=True, slots=True)
class _Amount:
    """How much of a component a stream carries, in kg, unrounded, and the variance of it."""

    role: Role
    kg: Decimal
    variance: Decimal | None


@exactly
def balance(
    streams: Sequence[Stream], kind: StageKind, rule: ToleranceRule, elements: Iterable[str] | None = None
) -> Balance:
    """Balance dry solids (physical stages) and every element over a batch or a period.

    U = opening WIP + in − out − tails − losses − closing WIP, summed before rounding. An element without a
    number in some stream is not testable. τ = cap × in, or k·σ_U when every stream's σ is known and k·σ_U
    lies within the cap; where k·σ_U exceeds it, |U| ≤ k·σ_U is `measurement-too-poor`. k is two-sided and
    Šidák's, from the number of components that can be tested. Verdicts compare the figures as published
    (three decimals), so that a reader comes to the same.

    Args:
        streams: everything that entered, left, was lost or stayed in process.
        kind: physical stages conserve solids and elements, chemical ones elements alone.
        rule: cap and frequency from the rule table.
        elements: what to balance, in order; all that the streams have mass results for when not given.
    """
    names = tuple(elements) if elements is not None else _elements(streams)
    amounts: dict[str, list[_Amount] | None] = {SOLIDS: _solids(streams)} if kind == "physical" else {}
    amounts |= {name: _element(streams, name) for name in names}
    k = coverage_factor(sum(found is not None for found in amounts.values()), rule.quarantined_honest_pct)
    lines = {
        name: ComponentBalance("not-testable") if found is None else _line(name, found, rule.cap_of(name), k)
        for name, found in amounts.items()
    }
    return Balance(lines, worst(line.verdict for line in lines.values()), yield_pct(streams))


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of the whole: gain before loss, too poor, balanced; not testable if nothing was."""
    return min(verdicts, key=WORST_FIRST.index, default="not-testable")


@exactly
def coverage_factor(tests: int, quarantined_honest_pct: Decimal) -> Decimal:
    """k, two-sided: how many σ an honest imbalance may reach when `tests` components are tested at once.

    Any of them exceeds k·σ in at most the given percentage of cases. Šidák: each is tested at
    1 − (1 − α)^(1/n). Six decimals, so that it is the same on every machine; one test at 1 %: 2.575829.
    """
    alpha = float(quarantined_honest_pct / HUNDRED)
    each = 1 - (1 - alpha) ** (1 / max(tests, 1))
    return Decimal(NormalDist().inv_cdf(1 - each / 2)).quantize(Decimal("1e-6"))


@exactly
def yield_pct(streams: Iterable[Stream]) -> Decimal | None:
    """Mass yield: dry product ÷ dry input × 100, three decimals; None when nothing went in."""
    streams = tuple(streams)
    fed = sum((s.dry_kg for s in streams if s.role == "input"), ZERO)
    made = sum((s.dry_kg for s in streams if s.role == "product"), ZERO)
    return (made / fed * HUNDRED).quantize(_YIELD_PCT) if fed > 0 else None


def _elements(streams: Iterable[Stream]) -> tuple[str, ...]:
    found = {name: None for s in streams for name, grade in s.grades.items() if grade.unit != "Bq/g"}
    return tuple(found)


def _solids(streams: Iterable[Stream]) -> list[_Amount]:
    return [_Amount(s.role, s.dry_kg, _squared(s.sigma_dry_kg)) for s in streams if s.role != "reagent"]


def _element(streams: Iterable[Stream], name: str) -> list[_Amount] | None:
    """The element in every stream, or None when some stream that counts has no number for it."""
    amounts: list[_Amount] = []
    for stream in streams:
        grade = stream.grades.get(name)
        if stream.dry_kg == 0 or (grade is None and stream.role == "reagent"):
            continue  # nothing carries nothing; a reagent without a result brings nothing
        if not isinstance(grade, Grade) or grade.unit == "Bq/g":
            return None
        sigma = contained_sigma_kg(stream.dry_kg, stream.sigma_dry_kg, grade)
        amounts.append(_Amount(stream.role, contained_kg(stream.dry_kg, grade), _squared(sigma)))
    return amounts


def _line(name: str, amounts: list[_Amount], cap_pct: Decimal, k: Decimal) -> ComponentBalance:
    entered = [a for a in amounts if a.role in ROLES_IN]
    left = [a for a in amounts if a.role not in ROLES_IN]
    in_kg, out_kg = _sum(entered), _sum(left)
    unaccounted, cap = kg(in_kg - out_kg), kg(in_kg * cap_pct / HUNDRED)
    variance = _variance(amounts)
    limit = None if variance is None else kg(k * variance.sqrt())
    tolerance = cap if limit is None else limit
    product = [a for a in amounts if a.role == "product"]
    recovery = _recovery(product, entered) if name != SOLIDS else (None, None)
    return ComponentBalance(
        _verdict(unaccounted, tolerance, cap),
        kg(in_kg),
        kg(out_kg),
        unaccounted,
        tolerance,
        "cap" if limit is None else "sigma",
        *recovery,
    )


def _verdict(unaccounted: Decimal, tolerance: Decimal, cap: Decimal) -> Verdict:
    if abs(unaccounted) > tolerance:
        return "gain" if unaccounted < 0 else "loss"
    return "measurement-too-poor" if tolerance > cap else "balanced"


def _recovery(product: list[_Amount], entered: list[_Amount]) -> tuple[Decimal | None, Decimal | None]:
    """R = product ÷ in × 100 and its σ, (σ_R/R)² = (σ_P/P)² + (σ_in/in)²; both None where undefined."""
    made, fed = _sum(product), _sum(entered)
    if not product or fed <= 0:
        return None, None
    recovery = (made / fed * HUNDRED).quantize(_PCT)
    of_product, of_input = _variance(product), _variance(entered)
    if of_product is None or of_input is None:
        return recovery, None
    # With absolute terms, so that a product without the element is no exception.
    variance = of_product / fed**2 + of_input * made**2 / fed**4
    return recovery, (variance.sqrt() * HUNDRED).quantize(_PCT)


def _sum(amounts: Iterable[_Amount]) -> Decimal:
    return sum((a.kg for a in amounts), ZERO)


def _variance(amounts: Iterable[_Amount]) -> Decimal | None:
    """Variance of a sum of independent amounts, in kg²; None when one is not known."""
    total = ZERO
    for amount in amounts:
        if amount.variance is None:
            return None
        total += amount.variance
    return total


def _squared(sigma: Decimal | None) -> Decimal | None:
    return None if sigma is None else sigma * sigma
