"""A batch balances by element; metal from nothing and metal gone are told apart from poor measurement."""

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orestream.metallurgy.balance import (
    Balance,
    ComponentBalance,
    Role,
    Stream,
    ToleranceRule,
    Verdict,
    balance,
    coverage_factor,
    worst,
    yield_pct,
)
from orestream.metallurgy.grades import Grade, Measured, parse

RULE = ToleranceRule(cap_pct=Decimal(2), quarantined_honest_pct=Decimal(1))


def assays(**results: str) -> dict[str, Measured]:
    return {analyte: parse(value, "%") for analyte, value in results.items()}


def stream(role: Role, dry_kg: str, sigma: str | None = None, **results: str) -> Stream:
    return Stream(role, Decimal(dry_kg), assays(**results), None if sigma is None else Decimal(sigma))


def measured(role: Role, dry_kg: str, sigma_kg: str, sb: str, sigma_sb: str) -> Stream:
    grades = {"Sb": Grade(Decimal(sb), "%", Decimal(sigma_sb))}
    return Stream(role, Decimal(dry_kg), grades, Decimal(sigma_kg))


def flotation() -> list[Stream]:
    return [
        stream("input", "23269.040", Sb="5.20", As="0.050", Au="<0.0001"),
        stream("input", "21856.560", Sb="4.60", As="0.040"),
        stream("reagent", "9.000"),
        stream("product", "3361.950", Sb="58.00", As="0.32"),
        stream("tailings", "41760.000", Sb="0.62", As="0.023"),
    ]


def line(in_kg: str, out_kg: str, unaccounted: str, tolerance: str, recovery: str | None) -> ComponentBalance:
    entered, left, missing, allowed = map(Decimal, (in_kg, out_kg, unaccounted, tolerance))
    part = None if recovery is None else Decimal(recovery)
    return ComponentBalance("balanced", entered, left, missing, allowed, "cap", part)


def test_the_published_batch_comes_out_to_the_gram() -> None:
    assert balance(flotation(), "physical", RULE) == Balance(
        components={
            "solids": line("45125.600", "45121.950", "3.650", "902.512", None),
            "Sb": line("2215.392", "2208.843", "6.549", "44.308", "88.02"),
            "As": line("20.377", "20.363", "0.014", "0.408", "52.80"),
            "Au": ComponentBalance("not-testable"),
        },
        verdict="balanced",
        yield_pct=Decimal("7.450"),
    )


def test_solids_come_first_and_elements_in_the_order_asked() -> None:
    assert list(balance(flotation(), "physical", RULE).components) == ["solids", "Sb", "As", "Au"]
    assert list(balance(flotation(), "physical", RULE, ["As", "Pb"]).components) == ["solids", "As", "Pb"]


def test_a_chemical_stage_conserves_elements_and_not_solids() -> None:
    roasted = [stream("input", "1000", Sb="71.69"), stream("product", "858", Sb="83.54")]
    assert list(balance(roasted, "chemical", RULE).components) == ["Sb"]
    assert balance(roasted, "physical", RULE).components["solids"].verdict == "loss"


@pytest.mark.parametrize(
    ("out_kg", "verdict"),
    [("98.000", "balanced"), ("97.999", "loss"), ("102.000", "balanced"), ("102.001", "gain")],
)
def test_the_cap_itself_is_still_within_tolerance(out_kg: str, verdict: Verdict) -> None:
    found = balance([stream("input", "100"), stream("product", out_kg)], "physical", RULE)
    assert found.components["solids"].verdict == verdict
    assert found.verdict == verdict


def test_metal_from_nothing_is_a_gain_though_solids_balance() -> None:
    conjured = [
        stream("input", "1000", Sb="5"),
        stream("product", "100", Sb="58"),
        stream("tailings", "900", Sb="0.6"),
    ]
    found = balance(conjured, "physical", RULE)
    assert (found.components["solids"].verdict, found.components["Sb"].verdict) == ("balanced", "gain")
    assert found.verdict == "gain"


def test_a_component_may_have_a_cap_of_its_own() -> None:
    rule = ToleranceRule(Decimal(2), Decimal(1), {"Sb": Decimal(5)})
    streams = [stream("input", "100", Sb="50"), stream("product", "100", Sb="48")]
    assert balance(streams, "physical", rule).components["Sb"].tolerance_kg == Decimal("2.500")
    assert balance(streams, "physical", RULE).components["Sb"].verdict == "loss"


def test_a_reagents_mass_is_no_solids_and_its_elements_count() -> None:
    streams = [
        stream("input", "1000", Pb="1.0"),
        stream("reagent", "10", Pb="62.5"),
        stream("product", "1000", Pb="1.6"),
    ]
    found = balance(streams, "physical", RULE).components
    assert found["solids"].in_kg == Decimal(1000)
    assert (found["Pb"].in_kg, found["Pb"].verdict) == (Decimal("16.250"), "balanced")


@pytest.mark.parametrize("result", [{}, {"Sb": "<0.01"}])
def test_an_element_without_a_number_in_some_stream_is_not_testable(result: dict[str, str]) -> None:
    streams = [
        stream("input", "100", Sb="5"),
        stream("product", "10", Sb="45"),
        stream("loss", "90", **result),
    ]
    assert balance(streams, "chemical", RULE).verdict == "not-testable"


def test_an_activity_is_not_balanced() -> None:
    streams = [
        Stream("input", Decimal(10), {"Th-nat": parse("3", "Bq/g")}),
        Stream("product", Decimal(10), {"Th-nat": parse("3", "Bq/g")}),
    ]
    assert list(balance(streams, "physical", RULE).components) == ["solids"]
    assert balance(streams, "chemical", RULE, ["Th-nat"]).verdict == "not-testable"


def test_a_stream_without_mass_needs_no_assay() -> None:
    streams = [stream("input", "10", Sb="5"), stream("product", "10", Sb="5"), stream("loss", "0")]
    assert balance(streams, "physical", RULE).components["Sb"].verdict == "balanced"


def test_work_in_process_counts_at_both_ends() -> None:
    streams = [
        stream("wip-opening", "50", Sb="10"),
        stream("input", "100", Sb="10"),
        stream("product", "110", Sb="10"),
        stream("wip-closing", "40", Sb="10"),
    ]
    solids = balance(streams, "physical", RULE).components["solids"]
    assert (solids.in_kg, solids.out_kg, solids.unaccounted_kg) == (Decimal(150), Decimal(150), Decimal(0))
    assert yield_pct(streams) == Decimal("110.000")


def test_declared_losses_are_accounted_for() -> None:
    streams = [stream("input", "100"), stream("product", "80"), stream("loss", "20")]
    assert balance(streams, "physical", RULE).verdict == "balanced"


def test_elements_are_summed_before_they_are_rounded() -> None:
    streams = [*[stream("input", "0.010", Sb="4")] * 3, stream("product", "0.030", Sb="4")]
    assert balance(streams, "physical", RULE).components["Sb"].in_kg == Decimal("0.001")


def test_with_every_sigma_known_the_tolerance_is_k_sigma() -> None:
    streams = [
        measured("input", "1000", "1", "10", "0.01"),
        measured("product", "200", "1", "49", "0.05"),
        measured("tailings", "800", "1", "0.25", "0.01"),
    ]
    found = balance(streams, "physical", RULE)
    solids, antimony = found.components["solids"], found.components["Sb"]
    k = coverage_factor(2, Decimal(1))
    assert solids.tolerance_from == antimony.tolerance_from == "sigma"
    assert solids.tolerance_kg == (k * Decimal(3).sqrt()).quantize(Decimal("0.001"))
    assert (found.verdict, antimony.recovery_pct) == ("balanced", Decimal("98.00"))
    assert antimony.recovery_sigma_pct == Decimal("0.52")


def test_one_sigma_unknown_makes_the_tolerance_the_cap() -> None:
    streams = [
        measured("input", "1000", "1", "10", "0.01"),
        measured("product", "200", "1", "49", "0.05"),
        stream("tailings", "800", Sb="0.25"),
    ]
    found = balance(streams, "physical", RULE).components
    assert {found["solids"].tolerance_from, found["Sb"].tolerance_from} == {"cap"}
    assert found["Sb"].recovery_sigma_pct is not None


@pytest.mark.parametrize(
    ("out_kg", "verdict"),
    [("90", "measurement-too-poor"), ("110", "measurement-too-poor"), ("60", "loss"), ("140", "gain")],
)
def test_poor_measurement_excuses_only_what_it_can_explain(out_kg: str, verdict: Verdict) -> None:
    streams = [stream("input", "100", "5"), stream("product", out_kg, "5")]
    solids = balance(streams, "physical", RULE).components["solids"]
    assert (solids.verdict, solids.tolerance_from, solids.tolerance_kg) == (
        verdict,
        "sigma",
        Decimal("18.214"),
    )


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        (("balanced", "loss", "gain"), "gain"),
        (("measurement-too-poor", "loss"), "loss"),
        (("balanced", "measurement-too-poor"), "measurement-too-poor"),
        (("not-testable", "balanced"), "balanced"),
        (("not-testable",), "not-testable"),
        ((), "not-testable"),
    ],
)
def test_the_whole_is_as_bad_as_its_worst_component(verdicts: tuple[Verdict, ...], whole: Verdict) -> None:
    assert worst(verdicts) == whole


def test_more_components_tested_widen_each_ones_limit() -> None:
    factors = [coverage_factor(n, Decimal(1)) for n in (1, 2, 5)]
    assert factors == [Decimal("2.575829"), Decimal("2.806225"), Decimal("3.089039")]


def honest_batch(chance: Random) -> list[Stream]:
    """1000 kg at 10 % into 200 kg at 49 % and 800 kg at 0.25 %, as scales and a laboratory would see it."""
    true: list[tuple[Role, float, float, float]] = [
        ("input", 1000, 10, 0.05),
        ("product", 200, 49, 0.2),
        ("tailings", 800, 0.25, 0.01),
    ]
    return [
        measured(role, f"{chance.gauss(mass, 1):.3f}", "1", f"{chance.gauss(grade, sigma):.4f}", str(sigma))
        for role, mass, grade, sigma in true
    ]


def test_an_honest_batch_is_quarantined_in_about_one_case_of_a_hundred() -> None:
    chance = Random(2025)
    verdicts = [balance(honest_batch(chance), "physical", RULE).verdict for _ in range(2000)]
    doubted = sum(verdict in {"gain", "loss"} for verdict in verdicts)
    assert 5 <= doubted <= 33  # 20 expected, three standard deviations either way


def test_a_batch_without_input_or_product_has_no_recovery() -> None:
    assert yield_pct([stream("product", "1")]) is None
    streams = [stream("input", "10", Sb="5"), stream("tailings", "10", Sb="5")]
    assert balance(streams, "physical", RULE).components["Sb"].recovery_pct is None
    barren = [stream("input", "10", Sb="0"), stream("product", "10", Sb="0")]
    assert balance(barren, "physical", RULE).components["Sb"].recovery_pct is None


streams_of_antimony = st.lists(
    st.builds(
        lambda role, dry, sb: Stream(role, dry, {"Sb": Grade(sb, "%")}),
        st.sampled_from(["input", "wip-opening", "product", "tailings", "loss", "wip-closing"]),
        st.decimals(min_value=0, max_value=10**6, places=3),
        st.decimals(min_value=0, max_value=70, places=2),
    ),
    max_size=8,
)


@given(streams_of_antimony)
def test_what_went_in_is_what_came_out_and_what_is_unaccounted(streams: list[Stream]) -> None:
    for found in balance(streams, "physical", RULE, ["Sb"]).components.values():
        assert found.in_kg is not None
        assert found.out_kg is not None
        assert found.unaccounted_kg is not None
        # each figure is rounded once, from the exact sums
        assert abs(found.in_kg - found.out_kg - found.unaccounted_kg) <= Decimal("0.001")


@given(streams_of_antimony)
def test_the_order_of_the_streams_does_not_matter(streams: list[Stream]) -> None:
    expected = balance(streams, "physical", RULE, ["Sb"])
    assert balance(streams[::-1], "physical", RULE, ["Sb"]) == expected


@given(streams_of_antimony)
def test_the_verdict_follows_from_the_published_figures(streams: list[Stream]) -> None:
    for found in balance(streams, "physical", RULE, ["Sb"]).components.values():
        assert found.unaccounted_kg is not None
        assert found.tolerance_kg is not None
        assert (found.verdict == "balanced") == (abs(found.unaccounted_kg) <= found.tolerance_kg)
