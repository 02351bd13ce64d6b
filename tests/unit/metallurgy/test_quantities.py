"""Masses and moisture are exact, refuse the impossible, and ignore their caller's decimal context."""

from decimal import Decimal, getcontext, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orestream.metallurgy import quantities
from orestream.metallurgy.errors import ImpossibleQuantityError

masses = st.decimals(min_value=Decimal("0.001"), max_value=Decimal(50000000), places=3)
moistures = st.decimals(min_value=Decimal(0), max_value=Decimal(60), places=2)


def test_a_mass_is_stated_to_the_gram_half_to_even() -> None:
    stated = [str(quantities.kg(Decimal(text))) for text in ("1", "2.0005", "2.0015", "-0.0005")]
    assert stated == ["1.000", "2.000", "2.002", "0.000"]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_what_is_not_finite_is_no_mass(text: str) -> None:
    with pytest.raises(ImpossibleQuantityError):
        quantities.kg(Decimal(text))


def test_net_is_gross_less_tare() -> None:
    assert str(quantities.net_kg(Decimal("38000.000"), Decimal(14000))) == "24000.000"


@pytest.mark.parametrize(("gross", "tare"), [("13900", "14000"), ("14000", "14000"), ("100", "-1")])
def test_a_ticket_without_net_mass_is_refused(gross: str, tare: str) -> None:
    with pytest.raises(ImpossibleQuantityError):
        quantities.net_kg(Decimal(gross), Decimal(tare))


@pytest.mark.parametrize(
    ("wet", "moisture", "dry"),
    [("23900", "2.64", "23269.040"), ("22440", "2.60", "21856.560"), ("3615", "7.00", "3361.950")],
)
def test_dry_is_wet_less_its_moisture(wet: str, moisture: str, dry: str) -> None:
    assert str(quantities.dry_kg(Decimal(wet), Decimal(moisture))) == dry
    assert quantities.wet_kg(Decimal(dry), Decimal(moisture)) == Decimal(wet)
    assert quantities.moisture_pct(Decimal(wet), Decimal(dry)) == Decimal(moisture)


@pytest.mark.parametrize("moisture", ["100", "-0.01", "250", "NaN"])
def test_moisture_lies_within_zero_and_a_hundred_exclusive(moisture: str) -> None:
    with pytest.raises(ImpossibleQuantityError):
        quantities.dry_kg(Decimal(1), Decimal(moisture))


@pytest.mark.parametrize(("wet", "dry"), [("10", "10.001"), ("10", "0"), ("0", "0")])
def test_dry_beyond_wet_has_no_moisture(wet: str, dry: str) -> None:
    with pytest.raises(ImpossibleQuantityError):
        quantities.moisture_pct(Decimal(wet), Decimal(dry))


@given(wet=masses, moisture=moistures)
def test_wet_to_dry_to_wet_comes_back_to_within_the_grams_rounding(wet: Decimal, moisture: Decimal) -> None:
    back = quantities.wet_kg(quantities.dry_kg(wet, moisture), moisture)
    half_a_gram_dry_as_wet = Decimal("0.0005") / quantities.dry_fraction(moisture)
    assert abs(back - wet) <= half_a_gram_dry_as_wet + Decimal("0.0005")


@given(st.lists(masses))
def test_a_total_is_the_sum_of_its_masses(parts: list[Decimal]) -> None:
    assert quantities.total_kg(parts) == sum(parts)


@given(wet=masses, moisture=moistures)
def test_a_callers_poor_precision_changes_nothing_and_is_left_alone(wet: Decimal, moisture: Decimal) -> None:
    expected = quantities.dry_kg(wet, moisture)
    with localcontext() as poor:
        poor.prec = 2
        assert quantities.dry_kg(wet, moisture) == expected
        assert getcontext().prec == 2


def test_a_callers_context_comes_back_after_an_error_too() -> None:
    with localcontext() as poor:
        poor.prec = 2
        with pytest.raises(ImpossibleQuantityError):
            quantities.net_kg(Decimal(1), Decimal(2))
        assert getcontext().prec == 2


def test_the_sigma_of_a_dry_mass_joins_weight_and_moisture() -> None:
    sigma = quantities.dry_sigma_kg(Decimal(1_000_000), Decimal(2000), Decimal("8.0"), Decimal("0.2"))
    assert sigma is not None
    assert quantities.kg(sigma) == Decimal("2717.646")


@pytest.mark.parametrize(("weight", "moisture"), [(None, Decimal(1)), (Decimal(1), None), (None, None)])
def test_the_sigma_of_a_dry_mass_is_unknown_without_both_sources(
    weight: Decimal | None, moisture: Decimal | None
) -> None:
    assert quantities.dry_sigma_kg(Decimal(1), weight, Decimal(8), moisture) is None


def test_a_tonne_is_2204_622_62_pounds_and_a_troy_ounce_31_1034768_grams() -> None:
    assert quantities.pounds(Decimal(1000)) == Decimal("2204.623")
    assert quantities.troy_ounces(Decimal("31.1034768")) == Decimal(1000)


def test_nothing_is_stated_without_a_sign() -> None:
    assert str(quantities.kg(Decimal("-0.0001"))) == "0.000"
