"""What a batch's figures say against it: R07, R08 and R09 at their boundaries."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orestream.metallurgy.balance import Stream, ToleranceRule, balance
from orestream.metallurgy.grades import Censored, Grade, Measured
from orestream.processing.domain.verdicts import (
    Finding,
    first_rule,
    grades_out_of_order,
    imbalances,
    recoveries_beyond_the_whole,
    too_poor,
)

RULE = ToleranceRule(cap_pct=Decimal(2), quarantined_honest_pct=Decimal(1))


def stream(role: str, dry: str, sb: str | None = None, sigma: str | None = None, **more: str) -> Stream:
    """A stream with its antimony in percent."""
    grades: dict[str, Measured] = {}
    if sb is not None:
        grades["Sb"] = (
            Censored(Decimal(sb[1:]), "%")
            if sb.startswith("<")
            else Grade(Decimal(sb), "%", Decimal(sigma) if sigma else None)
        )
    known = Decimal(more["sigma_dry"]) if "sigma_dry" in more else None
    return Stream(role, Decimal(dry), grades, known)  # type: ignore[arg-type]


def separation(f: str, c: str, t: str) -> list[Stream]:
    """One feed, one product, one tailings."""
    return [stream("input", "1000", f), stream("product", "100", c), stream("tailings", "900", t)]


@pytest.mark.parametrize(
    ("out", "rule"), [("980.000", None), ("979.999", "R08"), ("1020.000", None), ("1020.001", "R07")]
)
def test_an_imbalance_of_exactly_tau_is_none_and_a_gram_more_is_one(out: str, rule: str | None) -> None:
    found = imbalances(balance([stream("input", "1000"), stream("product", out)], "physical", RULE))
    assert [finding.rule for finding in found] == ([rule] if rule else [])


def test_an_imbalance_says_what_how_much_and_against_what() -> None:
    (found,) = imbalances(balance([stream("input", "100"), stream("product", "103")], "physical", RULE))
    assert found.why == (
        "dry solids: 103.000 kg out of 100.000 kg in, 3.000 kg more than went in, tolerance 2.000 kg"
    )
    assert found.details["solids.unaccounted_kg"] == "-3.000"


def test_a_gain_is_reported_before_a_loss_and_a_loss_before_grades() -> None:
    found = [Finding(rule, "", {}) for rule in ("R09", "R08", "R07")]
    assert first_rule(found) == "R07"
    assert first_rule(found[:2]) == "R08"


def test_a_measurement_too_poor_is_named_and_is_no_finding() -> None:
    streams = [
        stream("input", "1000", sigma_dry="30"),
        stream("product", "960", sigma_dry="30"),
    ]
    found = balance(streams, "physical", RULE)
    assert too_poor(found) == ("solids",)
    assert imbalances(found) == ()


@pytest.mark.parametrize(
    ("f", "c", "t", "broken"),
    [
        ("5", "40", "1", 0),
        ("5", "5", "1", 1),
        ("5", "5.01", "4.99", 0),
        ("5", "40", "5", 1),
        ("5", "4", "6", 2),
    ],
)
def test_the_product_is_richer_than_the_feed_and_the_feed_than_the_tailings(
    f: str, c: str, t: str, broken: int
) -> None:
    found = grades_out_of_order(separation(f, c, t), "Sb")
    assert [finding.rule for finding in found] == ["R09"] * broken


def test_grades_are_compared_in_one_unit() -> None:
    feed, product, tailings = separation("5", "40", "1")
    in_grams = Stream("product", product.dry_kg, {"Sb": Grade(Decimal(49_000), "g/t")})
    assert grades_out_of_order([feed, in_grams, tailings], "Sb")[0].details["Sb.product_pct"] == "4.9"


@pytest.mark.parametrize("role", ["middlings", "residue", "loss", "wip-closing", "product", "tailings"])
def test_a_third_stream_that_left_takes_the_two_product_formula_away(role: str) -> None:
    assert grades_out_of_order([*separation("5", "4", "6"), stream(role, "1", "5")], "Sb") == ()


@pytest.mark.parametrize("unknown", [0, 1, 2])
def test_grades_below_detection_have_no_order(unknown: int) -> None:
    figures = ["5", "4", "6"]
    figures[unknown] = "<1"
    assert grades_out_of_order(separation(*figures), "Sb") == ()


def test_a_reagent_that_brings_the_metal_takes_the_two_product_formula_away() -> None:
    assert grades_out_of_order([*separation("5", "4", "6"), stream("reagent", "1", "5")], "Sb") == ()
    assert grades_out_of_order([*separation("5", "4", "6"), stream("reagent", "1")], "Sb") != ()


def test_the_feed_grade_is_the_mean_of_the_inputs_by_dry_mass() -> None:
    _, product, tailings = separation("0", "6", "1")
    mixed = [stream("input", "300", "10"), stream("input", "700", "4"), product, tailings]
    assert grades_out_of_order(mixed, "Sb") == ()
    poorer = Stream("product", product.dry_kg, {"Sb": Grade(Decimal("5.8"), "%")})
    assert grades_out_of_order([*mixed[:2], poorer, tailings], "Sb")[0].details["Sb.feed_pct"] == "5.8"


def test_a_recovery_may_exceed_the_whole_by_k_sigma_and_no_more() -> None:
    """100 ± 1 kg in, as much out: σ_R is 1.4 points, and k 2.81 for two components."""

    def found(product: str) -> list[str]:
        streams = [
            stream("input", "1000", "10", "0.1", sigma_dry="0"),
            stream("product", "1000", product, "0.1", sigma_dry="0"),
        ]
        rule = ToleranceRule(Decimal(50), Decimal(1))
        return [f.rule for f in recoveries_beyond_the_whole(balance(streams, "physical", rule), rule)]

    assert found("10.39") == []
    assert found("10.45") == ["R09"]


@pytest.mark.parametrize("product", ["10.20", "10.21"])
def test_a_recovery_without_a_sigma_is_for_the_balance_to_judge(product: str) -> None:
    streams = [stream("input", "1000", "10"), stream("product", "1000", product)]
    balanced = balance(streams, "physical", RULE)
    assert recoveries_beyond_the_whole(balanced, RULE) == ()
    assert bool(imbalances(balanced)) == (product == "10.21")


def test_a_recovery_is_not_doubted_for_its_rounding() -> None:
    """R is 100.0051 %, σ_R 0.0049 %: stated as 100.01 and 0.00, and within k·σ all the same."""
    streams = [
        stream("input", "100000", "10", "0", sigma_dry="0"),
        stream("product", "100000", "10.00051", "0.00049", sigma_dry="0"),
    ]
    balanced = balance(streams, "chemical", RULE)
    line = balanced.components["Sb"]
    assert (line.recovery_pct, line.recovery_sigma_pct) == (Decimal("100.01"), Decimal("0.00"))
    assert recoveries_beyond_the_whole(balanced, RULE) == ()
