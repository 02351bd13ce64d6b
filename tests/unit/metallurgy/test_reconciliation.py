"""Reconciliation finds the published estimates, names what is suspect and what cannot be seen."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orestream.metallurgy.bilinear import AssayedFlow, reconcile_assayed
from orestream.metallurgy.chi_square import chi_square_cdf, chi_square_quantile
from orestream.metallurgy.errors import FormulaDoesNotApplyError
from orestream.metallurgy.reconciliation import Flow, Reconciliation, reconcile

# Nodes 1 = 2 + 3, 2 = 4, 3 = 5, 4 + 5 = 6 (Narasimhan & Jordache, 2000).
NETWORK = [[1, -1, -1, 0, 0, 0], [0, 1, 0, -1, 0, 0], [0, 0, 1, 0, -1, 0], [0, 0, 0, 1, 1, -1]]
PUBLISHED = [101.91, 64.45, 34.65, 64.20, 36.44, 98.88]


def network(values: Sequence[float | None], sigma: float = 1.0) -> list[Flow]:
    return [Flow(str(i), value, None if value is None else sigma) for i, value in enumerate(values, start=1)]


def estimates(found: Reconciliation) -> list[float | None]:
    return [flow.estimate for flow in found.flows]


def test_the_published_network_is_reconciled() -> None:
    found = reconcile(network(PUBLISHED), NETWORK)
    assert estimates(found) == pytest.approx([100.22, 64.50, 35.72, 64.50, 35.72, 100.22], abs=0.005)
    assert found.gamma == pytest.approx(6.4075, abs=1e-4)
    assert found.threshold == pytest.approx(9.488, abs=5e-4)
    assert (found.degrees, found.consistent, found.suspects) == (4, True, ())


def test_an_estimate_stands_beside_its_measurement() -> None:
    first = reconcile(network(PUBLISHED), NETWORK).flows[0]
    assert first.measured == 101.91
    assert first.adjustment == pytest.approx(-1.69)
    assert first.sigma == pytest.approx(3**-0.5)  # three independent routes to the same mass


def test_a_gross_error_fails_the_test_and_is_named() -> None:
    values = [100.0, 64.0, 36.0, 64.0, 36.0, 100.0]
    values[1] += 8
    found = reconcile(network(values), NETWORK)
    assert not found.consistent
    worst = max(found.flows, key=lambda flow: flow.statistic or 0)
    assert (worst.name, "2" in found.suspects) == ("2", True)


def test_when_only_the_global_test_fails_the_worst_is_named() -> None:
    pairs = [[1, -1, 0, 0, 0, 0], [0, 0, 1, -1, 0, 0], [0, 0, 0, 0, 1, -1]]
    found = reconcile(network([12.3, 9.0, 12.3, 9.0, 12.4, 9.0]), pairs)
    assert not found.consistent
    assert len(found.suspects) == 1
    assert found.suspects[0] in {"5", "6"}


def test_a_dependent_balance_changes_nothing() -> None:
    whole_plant = [1, 0, 0, 0, 0, -1]
    expected, found = (
        reconcile(network(PUBLISHED), NETWORK),
        reconcile(network(PUBLISHED), [*NETWORK, whole_plant]),
    )
    assert found.degrees == 4
    assert estimates(found) == pytest.approx(estimates(expected))
    assert found.gamma == pytest.approx(expected.gamma)


def test_an_unmeasured_flow_is_projected_out_and_computed() -> None:
    values: list[float | None] = [*PUBLISHED]
    values[2] = None
    found = reconcile(network(values), NETWORK)
    third, fifth = found.flows[2], found.flows[4]
    assert found.degrees == 3
    assert (third.measured, third.statistic, found.unobservable) == (None, None, ())
    assert third.estimate == pytest.approx(fifth.estimate)


def test_a_flow_that_no_balance_determines_is_unobservable() -> None:
    found = reconcile(network([100.0, None, None]), [[1, -1, -1]])
    assert found.unobservable == ("2", "3")
    assert (found.degrees, found.gamma, found.consistent) == (0, 0.0, True)
    assert found.flows[0].estimate == 100.0
    assert found.flows[0].statistic is None


def test_a_flow_apart_from_every_balance_is_left_as_measured() -> None:
    found = reconcile(network([10.0, 10.4, 7.0]), [[1, -1, 0]])
    assert found.flows[2].estimate == 7.0
    assert found.flows[2].statistic is None


@given(
    st.lists(st.floats(min_value=1, max_value=1e7), min_size=6, max_size=6),
    st.lists(st.floats(min_value=0.001, max_value=0.1), min_size=6, max_size=6),
)
def test_estimates_satisfy_every_balance(values: list[float], relative: list[float]) -> None:
    flows = [Flow(str(i), v, v * r) for i, (v, r) in enumerate(zip(values, relative, strict=True))]
    found = estimates(reconcile(flows, NETWORK))
    for row in NETWORK:
        residual = sum(c * x for c, x in zip(row, found, strict=True) if x is not None)
        assert abs(residual) <= 1e-6 * max(values)


@pytest.mark.parametrize("sigma", [None, 0.0, -1.0])
def test_a_measurement_without_uncertainty_is_refused(sigma: float | None) -> None:
    with pytest.raises(FormulaDoesNotApplyError):
        reconcile([Flow("1", 10.0, sigma), Flow("2", 10.0, 1.0)], [[1, -1]])


def test_a_balance_of_another_length_is_refused() -> None:
    with pytest.raises(FormulaDoesNotApplyError):
        reconcile(network([1.0, 2.0]), [[1, -1, 0]])


def assayed(name: str, mass: float, antimony: float) -> AssayedFlow:
    return AssayedFlow(Flow(name, mass, mass * 0.01), {"Sb": Flow(f"{name} Sb", antimony, antimony * 0.02)})


def test_masses_and_grades_are_reconciled_together() -> None:
    streams = [
        assayed("feed", 45000, 0.05),
        assayed("concentrate", 3400, 0.58),
        assayed("tailings", 41900, 0.0062),
    ]
    found = reconcile_assayed(streams, [[1, -1, -1]])
    m0, m1, m2, g0, g1, g2 = (value for value in estimates(found) if value is not None)
    assert m0 == pytest.approx(m1 + m2, rel=1e-12)
    assert m0 * g0 == pytest.approx(m1 * g1 + m2 * g2, rel=1e-9)
    assert (found.degrees, found.consistent, found.suspects) == (2, True, ())
    assert 1 < found.iterations < 10


def test_figures_that_balance_already_are_left_alone() -> None:
    streams = [assayed("feed", 1000, 0.1), assayed("concentrate", 100, 0.91), assayed("tailings", 900, 0.01)]
    found = reconcile_assayed(streams, [[1, -1, -1]])
    assert estimates(found) == pytest.approx([1000, 100, 900, 0.1, 0.91, 0.01])
    assert found.gamma == pytest.approx(0, abs=1e-12)
    assert found.iterations == 1


def test_metal_from_nothing_fails_although_masses_balance() -> None:
    streams = [assayed("feed", 1000, 0.05), assayed("concentrate", 100, 0.58), assayed("tailings", 900, 0.01)]
    found = reconcile_assayed(streams, [[1, -1, -1]])
    assert not found.consistent
    assert found.suspects


@pytest.mark.parametrize(
    "streams",
    [
        [assayed("feed", 1, 0.1), AssayedFlow(Flow("out", 1, 0.1), {})],
        [assayed("feed", 1, 0.1), AssayedFlow(Flow("out"), {"Sb": Flow("out Sb", 0.1, 0.01)})],
        [assayed("feed", 1, 0.1)],
    ],
)
def test_an_incomplete_network_of_assays_is_refused(streams: list[AssayedFlow]) -> None:
    with pytest.raises(FormulaDoesNotApplyError):
        reconcile_assayed(streams, [[1, -1]])


# Abramowitz & Stegun, table 26.8.
@pytest.mark.parametrize(
    ("probability", "degrees", "value"),
    [
        (0.95, 1, 3.84146),
        (0.95, 2, 5.99146),
        (0.95, 4, 9.48773),
        (0.99, 10, 23.2093),
        (0.95, 100, 124.342),
        (0.05, 5, 1.145476),
    ],
)
def test_quantiles_of_chi_square_are_those_of_the_tables(
    probability: float, degrees: int, value: float
) -> None:
    assert chi_square_quantile(probability, degrees) == pytest.approx(value, rel=5e-6)


def test_the_distribution_is_nought_below_and_one_far_above() -> None:
    assert [chi_square_cdf(x, 4) for x in (-1.0, 0.0, 1e6)] == [0.0, 0.0, 1.0]
    assert chi_square_cdf(1.0, 10_000) == 0.0


@given(st.floats(min_value=0.001, max_value=0.999), st.integers(min_value=1, max_value=300))
def test_a_quantile_undoes_the_distribution(probability: float, degrees: int) -> None:
    assert chi_square_cdf(chi_square_quantile(probability, degrees), degrees) == pytest.approx(
        probability, rel=1e-9
    )


@pytest.mark.parametrize(("probability", "degrees"), [(0.0, 4), (1.0, 4), (0.5, 0)])
def test_what_has_no_quantile_is_refused(probability: float, degrees: int) -> None:
    with pytest.raises(ValueError, match=r"quantile|degrees"):
        chi_square_quantile(probability, degrees)
