"""Grades keep their unit, their uncertainty and their detection limit."""

from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orestream.metallurgy.compounds import ELEMENT_FRACTION, element_fraction
from orestream.metallurgy.errors import (
    FormulaDoesNotApplyError,
    ImpossibleQuantityError,
    NotAMassGradeError,
    UnreadableGradeError,
)
from orestream.metallurgy.grades import (
    Censored,
    Grade,
    MassUnit,
    as_received,
    contained_kg,
    contained_sigma_kg,
    fraction,
    in_unit,
    on_dry_basis,
    parse,
    sigma_fraction,
    sum_pct,
)
from orestream.metallurgy.quantities import dry_kg, dry_sigma_kg, kg

ATOMIC_WEIGHTS = {
    "Sb": 121.760,
    "O": 15.999,
    "S": 32.06,
    "Nd": 144.242,
    "Pr": 140.90766,
    "Cu": 63.546,
    "Fe": 55.845,
}
COMPOUNDS = {
    "Sb2O3": {"Sb": 2, "O": 3},
    "Sb2S3": {"Sb": 2, "S": 3},
    "Nd2O3": {"Nd": 2, "O": 3},
    "Pr6O11": {"Pr": 6, "O": 11},
    "Pr2O3": {"Pr": 2, "O": 3},
    "CuFeS2": {"Cu": 1, "Fe": 1, "S": 2},
}


def test_a_number_is_read_with_its_unit_and_sigma() -> None:
    assert parse("5.20", "%", "0.06") == Grade(Decimal("5.20"), "%", Decimal("0.06"))
    assert parse("12", "Bq/g") == Grade(Decimal(12), "Bq/g")


@pytest.mark.parametrize("text", ["<0.0001", "< 0.0001"])
def test_a_detection_limit_is_not_a_number(text: str) -> None:
    assert parse(text, "%") == Censored(Decimal("0.0001"), "%")


@pytest.mark.parametrize("text", ["", "abc", "NaN", "1e3", ">5", "<", "5,2", " 5", "5 %", "٣"])
def test_text_that_is_neither_is_refused(text: str) -> None:
    with pytest.raises(UnreadableGradeError):
        parse(text, "%")


@pytest.mark.parametrize("unit", ["", "pct", "g/T", "kg"])
def test_a_unit_that_is_not_known_is_refused(unit: str) -> None:
    with pytest.raises(UnreadableGradeError):
        parse("5.20", unit)


@pytest.mark.parametrize(
    ("value", "unit", "share"), [("5.20", "%", "0.052"), ("2", "g/t", "0.000002"), ("7", "ppm", "0.000007")]
)
def test_a_mass_grade_is_a_fraction(value: str, unit: str, share: str) -> None:
    grade = parse(value, unit)
    assert isinstance(grade, Grade)
    assert fraction(grade) == Decimal(share)


def test_an_activity_states_no_mass() -> None:
    activity = Grade(Decimal(4), "Bq/g", Decimal("0.1"))
    with pytest.raises(NotAMassGradeError):
        fraction(activity)
    with pytest.raises(NotAMassGradeError):
        contained_kg(Decimal(1), activity)
    with pytest.raises(NotAMassGradeError):
        in_unit(activity, "%")


@given(
    value=st.decimals(min_value=0, max_value=100, places=6),
    start=st.sampled_from(get_args(MassUnit)),
    other=st.sampled_from(get_args(MassUnit)),
)
def test_a_grade_means_the_same_mass_in_every_unit(value: Decimal, start: MassUnit, other: MassUnit) -> None:
    grade = Grade(value, start, value / 100)
    assert fraction(in_unit(grade, other)) == fraction(grade)
    assert sigma_fraction(in_unit(grade, other)) == sigma_fraction(grade)


def test_an_as_received_result_is_higher_when_dry() -> None:
    result = Grade(Decimal("46.50"), "%", Decimal("0.93"))
    assert on_dry_basis(result, "as-received", Decimal("7.00")) == Grade(Decimal(50), "%", Decimal(1))
    assert on_dry_basis(result, "dry", Decimal("7.00")) == result


def test_a_detection_limit_is_converted_as_a_number_is() -> None:
    assert on_dry_basis(Censored(Decimal("0.93"), "ppm"), "as-received", Decimal(7)) == Censored(
        Decimal(1), "ppm"
    )


def test_a_sample_of_water_alone_has_no_dry_basis() -> None:
    with pytest.raises(ImpossibleQuantityError):
        on_dry_basis(Grade(Decimal(1), "%"), "as-received", Decimal(100))


@given(
    value=st.decimals(min_value=0, max_value=100, places=3),
    moisture=st.decimals(min_value=0, max_value=50, places=2),
)
def test_dry_and_as_received_undo_each_other(value: Decimal, moisture: Decimal) -> None:
    wet = as_received(Grade(value, "%"), moisture)
    back = on_dry_basis(wet, "as-received", moisture)
    assert isinstance(back, Grade)
    assert abs(back.value - value) <= Decimal("2e-10")


def test_contained_metal_is_dry_mass_times_grade() -> None:
    assert contained_kg(Decimal("23269.040"), Grade(Decimal("5.20"), "%")) == Decimal("1209.99008")


def test_the_uncertainty_of_contained_metal_is_230_plus_minus_1_34_tonnes() -> None:
    dry = dry_kg(Decimal(1_000_000), Decimal("8.0"))
    sigma_dry = dry_sigma_kg(Decimal(1_000_000), Decimal(2000), Decimal("8.0"), Decimal("0.2"))
    grade = Grade(Decimal(25), "%", Decimal("0.125"))
    sigma = contained_sigma_kg(dry, sigma_dry, grade)
    assert sigma is not None
    assert contained_kg(dry, grade) == Decimal(230_000)
    assert round(kg(sigma) / 1000, 2) == Decimal("1.34")


def test_a_zero_grade_keeps_the_uncertainty_of_its_assay() -> None:
    assert contained_sigma_kg(Decimal(100), Decimal(5), Grade(Decimal(0), "%", Decimal(1))) == Decimal(1)


@pytest.mark.parametrize(("mass", "grade"), [(None, Decimal(1)), (Decimal(1), None)])
def test_metal_has_no_uncertainty_when_a_source_has_none(mass: Decimal | None, grade: Decimal | None) -> None:
    assert contained_sigma_kg(Decimal(1), mass, Grade(Decimal(5), "%", grade)) is None


def test_results_add_up_in_percent_without_limits_and_activities() -> None:
    results = [parse("58.00", "%"), parse("3200", "ppm"), parse("<0.01", "%"), parse("9", "Bq/g")]
    assert sum_pct(results) == Decimal("58.32")


@pytest.mark.parametrize(("compound", "element"), list(ELEMENT_FRACTION))
def test_a_conversion_factor_follows_from_atomic_weights(compound: str, element: str) -> None:
    atoms = COMPOUNDS[compound]
    whole = sum(ATOMIC_WEIGHTS[symbol] * count for symbol, count in atoms.items())
    assert float(element_fraction(compound, element)) == pytest.approx(
        ATOMIC_WEIGHTS[element] * atoms[element] / whole, abs=1.5e-5
    )


def test_a_pair_without_factor_is_refused() -> None:
    with pytest.raises(FormulaDoesNotApplyError):
        element_fraction("Sb2O3", "Cu")
