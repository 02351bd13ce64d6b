"""Reconciliation of masses and grades together: a balance multiplies the two, so it is iterated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orestream.metallurgy.errors import FormulaDoesNotApplyError
from orestream.metallurgy.matrices import Rows, dot
from orestream.metallurgy.reconciliation import (
    Adjusted,
    Flow,
    Reconciliation,
    adjust,
    judged,
    measured_estimates,
    measured_value,
    stated_sigma,
)

MOST_ITERATIONS: Final = 100
# A step below a millionth of its standard uncertainty changes no figure that anyone reads.
CONVERGED: Final = 1e-6


@dataclass(frozen=True, slots=True)
class AssayedFlow:
    """A stream of the network: its mass and, by component, its grade as a mass fraction; all measured."""

    mass: Flow
    grades: Mapping[str, Flow]


def reconcile_assayed(streams: Sequence[AssayedFlow], balances: Rows) -> Reconciliation:
    """Reconcile masses and grades so that mass, and each component's mass × grade, balance at every node.

    The products are linearised at the last estimate and solved again until no value moves by more than a
    millionth of its σ (successive linearisation; Narasimhan & Jordache, 2000). The result's flows
    are the masses, in the streams' order, then the grades by component; `iterations` counts the rounds.

    Raises:
        FormulaDoesNotApplyError: a value or σ is missing, streams differ in their components, a balance has
            another number of coefficients than there are streams, or the iteration does not converge.
    """
    components = tuple(streams[0].grades) if streams else ()
    if any(set(stream.grades) != set(components) for stream in streams):
        raise FormulaDoesNotApplyError("every stream needs a grade of every component")
    if any(len(row) != len(streams) for row in balances):
        raise FormulaDoesNotApplyError(f"each balance needs {len(streams)} coefficients, one a stream")
    flows = [s.mass for s in streams] + [s.grades[name] for name in components for s in streams]
    if any(flow.measured is None for flow in flows):
        raise FormulaDoesNotApplyError(
            "masses and grades are reconciled together only where all are measured"
        )
    adjusted, rounds = _iterated(flows, balances, len(streams))
    return judged(tuple(measured_estimates(flows, adjusted)), adjusted, rounds)


def _iterated(flows: Sequence[Flow], balances: Rows, streams: int) -> tuple[Adjusted, int]:
    measured = [measured_value(flow) for flow in flows]
    sigmas = [stated_sigma(flow) for flow in flows]
    at: Sequence[float] = measured
    for rounds in range(1, MOST_ITERATIONS + 1):
        rows, targets = _linearised(at, balances, streams)
        adjusted = adjust(measured, sigmas, rows, targets)
        moved = max(
            (abs(n - o) / s for n, o, s in zip(adjusted.estimates, at, sigmas, strict=True)), default=0.0
        )
        if moved <= CONVERGED:
            return adjusted, rounds
        at = adjusted.estimates
    raise FormulaDoesNotApplyError(f"no convergence in {MOST_ITERATIONS} rounds")


def _linearised(
    at: Sequence[float], balances: Rows, streams: int
) -> tuple[list[tuple[float, ...]], list[float]]:
    """Balances h(y) = 0 as J·y = J·y₀ − h(y₀) around y₀ = `at`; for Σ c·m·g that target is Σ c·m₀·g₀."""
    masses = at[:streams]
    blocks = [at[start : start + streams] for start in range(streams, len(at), streams)]
    rows = [(*row, *(0.0,) * (len(at) - streams)) for row in balances]
    targets = [0.0] * len(rows)
    for index, grades in enumerate(blocks):
        before, behind = (0.0,) * (streams * index), (0.0,) * (streams * (len(blocks) - index - 1))
        for row in balances:
            by_mass = tuple(c * g for c, g in zip(row, grades, strict=True))
            by_grade = tuple(c * m for c, m in zip(row, masses, strict=True))
            rows.append((*by_mass, *before, *by_grade, *behind))
            targets.append(dot(by_mass, masses))
    return rows, targets
