"""Weighted least squares over a plant's balances: estimates beside the measurements, never in their place."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from orestream.metallurgy.chi_square import chi_square_quantile
from orestream.metallurgy.errors import FormulaDoesNotApplyError
from orestream.metallurgy.matrices import NEGLIGIBLE, Matrix, Rows, Vector, dot, orthonormal_rows, row_echelon

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Flow:
    """One stream of the network: its measured value and standard uncertainty, or neither."""

    name: str
    measured: float | None = None
    sigma: float | None = None


@dataclass(frozen=True, slots=True)
class FlowEstimate:
    """One flow's estimate; `statistic` is its measurement test against N(0,1), None where nothing tests it.

    `estimate` is None for an unmeasured flow that the balances do not determine (unobservable);
    `sigma` is the estimate's standard uncertainty where it is known.
    """

    name: str
    measured: float | None
    estimate: float | None
    sigma: float | None
    statistic: float | None

    @property
    def adjustment(self) -> float | None:
        """What was added to the measurement."""
        return None if self.measured is None or self.estimate is None else self.estimate - self.measured


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Every figure here is an estimate (float): none replaces a measurement.

    `gamma` is the global statistic, χ² with `degrees` (the rank of the redundant balances) when only chance
    is at work; `threshold` is its 0.95 quantile (0 without redundancy). Rule R10: gamma ≤ threshold.
    `suspects` names the flows whose measurement test fails, or the worst when only the global test does.
    """

    flows: tuple[FlowEstimate, ...]
    gamma: float
    degrees: int
    threshold: float
    suspects: tuple[str, ...]
    iterations: int = 1

    @property
    def consistent(self) -> bool:
        """Whether the measurements agree with the balances (rule R10)."""
        return self.gamma <= self.threshold

    @property
    def unobservable(self) -> tuple[str, ...]:
        """Unmeasured flows that the balances do not determine."""
        return tuple(flow.name for flow in self.flows if flow.estimate is None)


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Least squares on measured values alone: x̂, σ̂, γ, the rank, and the measurement test's statistics."""

    estimates: Vector
    sigmas: Vector
    gamma: float
    rank: int
    statistics: tuple[float | None, ...]


def reconcile(flows: Sequence[Flow], balances: Rows) -> Reconciliation:
    """Reconcile flows with linear balances A·x = 0 (one row a node: + in, − out), errors independent.

    Unmeasured flows are projected out first and computed from the balances afterwards, where they can be.
    Formulae: Narasimhan & Jordache, Data Reconciliation and Gross Error Detection (2000).

    Raises:
        FormulaDoesNotApplyError: a row's length differs from the number of flows, or a measured flow's σ is
            not above zero.
    """
    if any(len(row) != len(flows) for row in balances):
        raise FormulaDoesNotApplyError(f"each balance needs {len(flows)} coefficients, one a flow")
    unmeasured = [i for i, flow in enumerate(flows) if flow.measured is None]
    known = [i for i, flow in enumerate(flows) if flow.measured is not None]
    ordered = [[row[i] for i in (*unmeasured, *known)] for row in balances]
    reduced, pivots = row_echelon(ordered, len(unmeasured))
    redundant = [row[len(unmeasured) :] for row in reduced[len(pivots) :]]
    adjusted = adjust(
        [measured_value(flows[i]) for i in known], [stated_sigma(flows[i]) for i in known], redundant
    )
    derived = _derived(reduced, pivots, len(unmeasured), adjusted.estimates)
    found = dict(zip(known, measured_estimates([flows[i] for i in known], adjusted), strict=True))
    found |= {
        i: FlowEstimate(flows[i].name, None, value, None, None)
        for i, value in zip(unmeasured, derived, strict=True)
    }
    return judged(tuple(found[i] for i in range(len(flows))), adjusted, 1)


def adjust(
    values: Sequence[float],
    sigmas: Sequence[float],
    balances: Rows,
    targets: Sequence[float] | None = None,
) -> Adjusted:
    """x̂ = x − VAᵀ(AVAᵀ)⁻¹(Ax − b), V̂ = V − VAᵀ(AVAᵀ)⁻¹AV, γ = (Ax − b)ᵀ(AVAᵀ)⁻¹(Ax − b), V = diag σ².

    Worked in units of each value's σ, where V is one, so that kilograms and fractions weigh alike, and with
    balances made orthonormal, where AVAᵀ is one too; dependent balances drop out. The statistic of value j
    is |aⱼ|/√(VAᵀ(AVAᵀ)⁻¹AV)ⱼⱼ.

    Args:
        values: the measurements x, n of them.
        sigmas: their standard uncertainties, all above zero.
        balances: A, n coefficients a row.
        targets: b, one a row; zeros when not given.
    """
    count = len(values)
    b = targets if targets is not None else (0.0,) * len(balances)
    scaled = [
        (*(c * sigma for c, sigma in zip(row, sigmas, strict=True)), target)
        for row, target in zip(balances, b, strict=True)
    ]
    basis = orthonormal_rows(scaled, count)
    standard = [x / sigma for x, sigma in zip(values, sigmas, strict=True)]
    residual = [dot(row[:count], standard) - row[count] for row in basis]
    shifts = [math.fsum(row[j] * r for row, r in zip(basis, residual, strict=True)) for j in range(count)]
    removed = [math.fsum(row[j] ** 2 for row in basis) for j in range(count)]
    return Adjusted(
        estimates=tuple((z - shift) * s for z, shift, s in zip(standard, shifts, sigmas, strict=True)),
        sigmas=tuple(s * math.sqrt(max(1 - r, 0.0)) for s, r in zip(sigmas, removed, strict=True)),
        gamma=dot(residual, residual),
        rank=len(basis),
        statistics=tuple(map(_statistic, shifts, removed)),
    )


def _statistic(shift: float, removed: float) -> float | None:
    return abs(shift) / math.sqrt(removed) if removed > NEGLIGIBLE else None


def measured_value(flow: Flow) -> float:
    """The measurement of a flow that has one."""
    assert flow.measured is not None
    return flow.measured


def stated_sigma(flow: Flow) -> float:
    """The standard uncertainty of a measured flow.

    Raises:
        FormulaDoesNotApplyError: σ is missing or not above zero.
    """
    if flow.sigma is None or flow.sigma <= 0:
        raise FormulaDoesNotApplyError(f"{flow.name} is measured and states no uncertainty")
    return flow.sigma


def measured_estimates(flows: Sequence[Flow], adjusted: Adjusted) -> list[FlowEstimate]:
    """Each measured flow beside its estimate."""
    lines = zip(flows, adjusted.estimates, adjusted.sigmas, adjusted.statistics, strict=True)
    return [FlowEstimate(flow.name, flow.measured, *figures) for flow, *figures in lines]


def _derived(
    reduced: Matrix, pivots: tuple[int, ...], count: int, estimates: Vector
) -> tuple[float | None, ...]:
    """Unmeasured flows from the reduced balances: a pivot's row without another unmeasured flow gives one."""
    found: dict[int, float] = {}
    for row, pivot in zip(reduced, pivots, strict=False):
        alone = all(abs(row[i]) <= NEGLIGIBLE for i in range(count) if i != pivot)
        if alone:
            found[pivot] = -dot(row[count:], estimates)
    return tuple(found.get(i) for i in range(count))


def judged(flows: tuple[FlowEstimate, ...], adjusted: Adjusted, iterations: int) -> Reconciliation:
    """The global test and the suspects: two-sided N(0,1), Šidák over the flows tested, 5 % for all."""
    threshold = chi_square_quantile(CONFIDENCE, adjusted.rank) if adjusted.rank else 0.0
    tested = {flow.name: flow.statistic for flow in flows if flow.statistic is not None}
    suspects: tuple[str, ...] = ()
    if tested:
        each = 1 - CONFIDENCE ** (1 / len(tested))
        critical = NormalDist().inv_cdf(1 - each / 2)
        suspects = tuple(name for name, statistic in tested.items() if statistic > critical)
        if not suspects and adjusted.gamma > threshold:
            suspects = (max(tested, key=lambda name: tested[name]),)
    return Reconciliation(flows, adjusted.gamma, adjusted.rank, threshold, suspects, iterations)
