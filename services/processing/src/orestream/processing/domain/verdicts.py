"""What the figures of a batch say against it: gain, loss, grades out of order, recovery beyond the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from orestream.metallurgy.balance import (
    SOLIDS,
    Balance,
    ComponentBalance,
    Stream,
    ToleranceRule,
    coverage_factor,
)
from orestream.metallurgy.blending import Part, mean_grades
from orestream.metallurgy.grades import Grade, fraction
from orestream.metallurgy.quantities import HUNDRED, exactly
from orestream.metallurgy.recovery import order_findings, recovery_findings

_ROUNDED: Final = Decimal("0.005")
"""By how much a recovery and its σ, stated with two decimals, may differ from themselves."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that the figures break, why in words, and the figures themselves."""

    rule: str
    why: str
    details: Mapping[str, str]


def first_rule(findings: Iterable[Finding]) -> str:
    """The rule that is reported when several are broken: the lowest number."""
    return min(finding.rule for finding in findings)


def imbalances(balance: Balance) -> tuple[Finding, ...]:
    """R07 for every component that gained, R08 for every one that lost, beyond τ."""
    return tuple(
        _imbalance(name, line)
        for name, line in balance.components.items()
        if line.verdict in {"gain", "loss"}
    )


def _imbalance(name: str, line: ComponentBalance) -> Finding:
    rule, direction = ("R07", "more") if line.verdict == "gain" else ("R08", "less")
    thing = "dry solids" if name == SOLIDS else name
    difference = abs(line.unaccounted_kg) if line.unaccounted_kg is not None else None
    return Finding(
        rule,
        f"{thing}: {line.out_kg} kg out of {line.in_kg} kg in, {difference} kg {direction} than went in, "
        f"tolerance {line.tolerance_kg} kg",
        {
            f"{name}.in_kg": str(line.in_kg),
            f"{name}.out_kg": str(line.out_kg),
            f"{name}.unaccounted_kg": str(line.unaccounted_kg),
            f"{name}.tolerance_kg": str(line.tolerance_kg),
        },
    )


def too_poor(balance: Balance) -> tuple[str, ...]:
    """The components whose measurement is too poor to say anything within the cap."""
    return tuple(n for n, line in balance.components.items() if line.verdict == "measurement-too-poor")


@exactly
def grades_out_of_order(streams: Sequence[Stream], metal: str) -> tuple[Finding, ...]:
    """R09, c > f > t, where the two-product formula applies to the metal that the stage enriches.

    It applies where all that went in left as one product and one tailings, and the metal has a number in
    each: with a middlings, a declared loss or stock in process there is a third stream.
    """
    by_role = {role: [s for s in streams if s.role == role] for role in {s.role for s in streams}}
    fed = by_role.pop("input", [])
    reagents = by_role.pop("reagent", [])
    if {role: len(found) for role, found in by_role.items()} != {"product": 1, "tailings": 1}:
        return ()
    if any(metal in reagent.grades for reagent in reagents):
        return ()
    feed = mean_grades([Part(s.dry_kg, s.dry_kg, s.grades) for s in fed]).get(metal)
    found = (feed, by_role["product"][0].grades.get(metal), by_role["tailings"][0].grades.get(metal))
    f, c, t = (_pct(grade) if isinstance(grade, Grade) and grade.unit != "Bq/g" else None for grade in found)
    if f is None or c is None or t is None:
        return ()
    figures = {f"{metal}.feed_pct": str(f), f"{metal}.product_pct": str(c), f"{metal}.tailings_pct": str(t)}
    return tuple(Finding("R09", f"{metal}, %: {why}", figures) for why in order_findings(f, c, t))


def _pct(grade: Grade) -> Decimal:
    return (fraction(grade) * HUNDRED).normalize()


@exactly
def recoveries_beyond_the_whole(balance: Balance, rule: ToleranceRule) -> tuple[Finding, ...]:
    """R09, 0 ≤ R ≤ 100 % within its uncertainty, for each element whose recovery has one.

    The uncertainty is k·σ_R with the k of the balance, so that honest batches which keep all of a metal in
    the product are doubted no more often than the balance doubts them. Without a σ the limit is the
    balance's τ, and a product that holds more than all that went in and τ is a gain (R07) already.
    """
    tested = [line for line in balance.components.values() if line.verdict != "not-testable"]
    k = coverage_factor(len(tested), rule.quarantined_honest_pct)
    return tuple(
        Finding("R09", f"{name}: {why}", {f"{name}.recovery_pct": str(line.recovery_pct)})
        for name, line in balance.components.items()
        if line.recovery_pct is not None and line.recovery_sigma_pct is not None
        for why in recovery_findings(line.recovery_pct, k * (line.recovery_sigma_pct + _ROUNDED) + _ROUNDED)
    )
