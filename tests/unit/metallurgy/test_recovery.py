"""Recoveries from grades alone, with the figures of textbooks."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orestream.metallurgy.errors import FormulaDoesNotApplyError
from orestream.metallurgy.recovery import (
    GradePair,
    order_findings,
    recovery_findings,
    recovery_sigma_pct,
    three_product,
    two_product,
)


def pair(a: str, b: str) -> GradePair:
    return GradePair(Decimal(a), Decimal(b))


LEAD_ZINC = {
    "feed": pair("3", "6"),
    "concentrate_1": pair("50", "8"),
    "concentrate_2": pair("2", "55"),
    "tailings": pair("0.2", "0.5"),
}


def test_two_products_give_yield_recovery_and_ratio() -> None:
    found = two_product(Decimal(1), Decimal(10), Decimal("0.2"))
    assert round(found.yield_pct, 5) == Decimal("8.16327")
    assert round(found.recovery_pct, 4) == Decimal("81.6327")
    assert found.concentration_ratio == Decimal("12.25")


@pytest.mark.parametrize(
    ("feed", "concentrate", "tailings"),
    [("5", "5", "1"), ("5", "4", "1"), ("5", "50", "5"), ("5", "50", "6"), ("5", "50", "-1")],
)
def test_grades_out_of_order_have_no_two_product_recovery(feed: str, concentrate: str, tailings: str) -> None:
    with pytest.raises(FormulaDoesNotApplyError):
        two_product(Decimal(feed), Decimal(concentrate), Decimal(tailings))


grades = st.decimals(min_value=Decimal("0.001"), max_value=Decimal(70), places=3)


@given(st.lists(grades, min_size=3, max_size=3, unique=True))
def test_ordered_grades_always_give_a_possible_recovery(found: list[Decimal]) -> None:
    tailings, feed, concentrate = sorted(found)
    product = two_product(feed, concentrate, tailings)
    assert 0 < product.yield_pct <= product.recovery_pct <= 100


def test_three_products_are_solved_for_yields_and_recoveries() -> None:
    found = three_product(**LEAD_ZINC)
    assert round(found.yield_1_pct, 5) == Decimal("5.28401")
    assert round(found.yield_2_pct, 5) == Decimal("9.36459")
    assert round(found.yield_tailings_pct, 4) == Decimal("85.3514")
    assert round(found.recovery_a_pct, 4) == Decimal("88.0668")
    assert round(found.recovery_b_pct, 4) == Decimal("85.8420")


@pytest.mark.parametrize(
    "changed",
    [
        {"concentrate_2": pair("50", "8")},  # twice the same product: singular
        {"concentrate_2": pair("49.9999", "8")},  # nearly
        {"tailings": pair("50", "8")},  # a concentrate like the tailings
        {"feed": pair("60", "6")},  # richer than every product: a negative yield
        {"feed": pair("0.1", "0.4")},  # poorer than every product
        {"feed": pair("0", "6")},  # none of the metal to recover
    ],
)
def test_a_system_that_says_nothing_is_refused(changed: dict[str, GradePair]) -> None:
    with pytest.raises(FormulaDoesNotApplyError):
        three_product(**(LEAD_ZINC | changed))


def relative(feed: str, concentrate: str, tailings: str, percent: str) -> Decimal:
    f, c, t = Decimal(feed), Decimal(concentrate), Decimal(tailings)
    part = Decimal(percent) / 100
    return recovery_sigma_pct(
        f, c, t, sigma_feed=f * part, sigma_concentrate=c * part, sigma_tailings=t * part
    )


def test_the_uncertainty_of_a_recovery_is_1_047_points() -> None:
    assert round(two_product(Decimal("2.0"), Decimal(40), Decimal("0.3")).recovery_pct, 3) == Decimal(
        "85.642"
    )
    assert round(relative("2.0", "40", "0.3", "5"), 3) == Decimal("1.047")


def test_the_uncertainty_agrees_with_the_recoverys_own_slope() -> None:
    f, c, t, step = Decimal(2), Decimal(40), Decimal("0.3"), Decimal("0.001")
    rise = two_product(f, c, t + step).recovery_pct - two_product(f, c, t - step).recovery_pct
    zero = Decimal(0)
    sigma = recovery_sigma_pct(f, c, t, sigma_feed=zero, sigma_concentrate=zero, sigma_tailings=step)
    assert sigma == pytest.approx(abs(rise) / 2, abs=Decimal("0.000002"))


def test_barren_tailings_leave_only_their_own_uncertainty() -> None:
    zero = Decimal(0)
    assert relative("2", "40", "0", "5") == zero
    sigma = recovery_sigma_pct(
        Decimal(2), Decimal(40), zero, sigma_feed=zero, sigma_concentrate=zero, sigma_tailings=Decimal("0.02")
    )
    assert sigma == Decimal("0.95")


def test_the_order_of_grades_names_each_broken_inequality() -> None:
    assert order_findings(Decimal(5), Decimal(58), Decimal("0.6")) == ()
    assert order_findings(Decimal(5), Decimal(5), Decimal(1)) == ("concentrate 5 is not above feed 5",)
    assert len(order_findings(Decimal(5), Decimal(4), Decimal(6))) == 2


@pytest.mark.parametrize(
    ("recovery", "sigma", "possible"),
    [
        ("100", None, True),
        ("100.01", None, False),
        ("100.50", "0.50", True),
        ("100.51", "0.50", False),
        ("-0.1", None, False),
    ],
)
def test_a_recovery_lies_within_its_uncertainty_of_zero_and_a_hundred(
    recovery: str, sigma: str | None, possible: bool
) -> None:
    findings = recovery_findings(Decimal(recovery), None if sigma is None else Decimal(sigma))
    assert (findings == ()) is possible
