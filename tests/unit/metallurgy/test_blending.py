"""A blend's mass and metal are the sums of its parts; shares of parents and origins are whole."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orestream.metallurgy.blending import Part, blend, mean_grades, merged_shares, shares
from orestream.metallurgy.errors import ImpossibleQuantityError
from orestream.metallurgy.grades import Grade, Measured, contained_kg, parse

masses = st.decimals(min_value=Decimal("0.001"), max_value=Decimal(10**7), places=3)
contents = st.decimals(min_value=0, max_value=100, places=3)


def part(dry_kg: str, wet_kg: str | None = None, **grades: Measured) -> Part:
    return Part(Decimal(wet_kg or dry_kg), Decimal(dry_kg), grades)


def pct(value: str, sigma: str | None = None) -> Measured:
    return parse(value, "%", sigma)


def test_a_blend_is_the_sum_of_its_parts() -> None:
    found = blend([part("97", "100", Sb=pct("5.20")), part("291", "300", Sb=pct("4.80"))])
    assert (found.wet_kg, found.dry_kg, found.moisture_pct) == (Decimal(400), Decimal(388), Decimal(3))
    assert found.grades == {"Sb": Grade(Decimal("4.9"), "%")}


def test_only_analytes_with_a_number_in_every_part_have_a_mean() -> None:
    first = part("10", Sb=pct("5"), As=pct("0.1"), Au=pct("<0.01"), Pb=pct("1"))
    second = part("10", Sb=pct("3"), Au=pct("0.02"), Pb=pct("<1"), Cu=pct("2"))
    assert mean_grades([first, second]) == {"Sb": Grade(Decimal(4), "%")}


def test_parts_in_other_units_are_read_in_the_firsts() -> None:
    parts = [part("10", As=pct("0.05")), part("10", As=parse("300", "ppm"))]
    assert mean_grades(parts) == {"As": Grade(Decimal("0.04"), "%")}


def test_activities_average_among_themselves_only() -> None:
    activity, mass = parse("4", "Bq/g"), pct("0.02")
    assert mean_grades([part("1", Th=activity), part("3", Th=parse("8", "Bq/g"))]) == {
        "Th": Grade(Decimal(7), "Bq/g")
    }
    assert mean_grades([part("1", Th=activity), part("1", Th=mass)]) == {}
    assert mean_grades([part("1", Th=mass), part("1", Th=activity)]) == {}


def test_the_sigma_of_a_mean_is_known_when_every_parts_is() -> None:
    known = [part("300", Sb=pct("5", "0.03")), part("100", Sb=pct("5", "0.12"))]
    assert mean_grades(known) == {"Sb": Grade(Decimal(5), "%", Decimal("0.0375"))}
    assert mean_grades([*known, part("1", Sb=pct("5"))]) == {"Sb": Grade(Decimal(5), "%")}


@pytest.mark.parametrize("parts", [[], [part("0", "1")]])
def test_a_blend_of_nothing_is_refused(parts: list[Part]) -> None:
    with pytest.raises(ImpossibleQuantityError):
        mean_grades(parts)
    with pytest.raises(ImpossibleQuantityError):
        blend(parts)


@given(st.lists(st.tuples(masses, contents), min_size=1, max_size=10))
def test_a_blend_holds_its_parts_mass_and_metal(drawn: list[tuple[Decimal, Decimal]]) -> None:
    found = blend([Part(dry, dry, {"Sb": Grade(value, "%")}) for dry, value in drawn])
    metal = sum((contained_kg(dry, Grade(value, "%")) for dry, value in drawn), Decimal(0))
    assert found.dry_kg == sum(dry for dry, _ in drawn)
    assert abs(contained_kg(found.dry_kg, found.grades["Sb"]) - metal) <= Decimal("0.001")


def test_parents_shares_are_of_dry_mass_in_four_decimals() -> None:
    found = shares({"LOT-SB-0001": Decimal("23269.040"), "LOT-SB-0002": Decimal("21856.560")})
    assert {lot: str(share) for lot, share in found.items()} == {
        "LOT-SB-0001": "0.5157",
        "LOT-SB-0002": "0.4843",
    }


def test_a_whole_share_is_written_1() -> None:
    assert str(shares({"SRC-SB-1": Decimal("1.000")})["SRC-SB-1"]) == "1"


def test_the_largest_remainder_gets_what_rounding_left() -> None:
    thirds = shares({"c": Decimal(1), "a": Decimal(1), "b": Decimal(1)})
    assert thirds == {"c": Decimal("0.3333"), "a": Decimal("0.3334"), "b": Decimal("0.3333")}


@pytest.mark.parametrize("weights", [{}, {"a": Decimal(0)}, {"a": Decimal(2), "b": Decimal(-1)}])
def test_shares_of_nothing_are_refused(weights: dict[str, Decimal]) -> None:
    with pytest.raises(ImpossibleQuantityError):
        shares(weights)


@given(st.dictionaries(st.text(max_size=3), masses, min_size=1, max_size=40))
def test_shares_sum_to_exactly_one_and_stay_within_a_step_of_the_truth(weights: dict[str, Decimal]) -> None:
    found, total = shares(weights), sum(weights.values())
    assert sum(found.values()) == 1
    assert all(abs(found[key] - weight / total) < Decimal("0.0001") for key, weight in weights.items())


@given(st.dictionaries(st.text(max_size=3), masses, min_size=1, max_size=40))
def test_shares_do_not_depend_on_the_order_of_the_parts(weights: dict[str, Decimal]) -> None:
    assert shares(dict(reversed(weights.items()))) == shares(weights)


def test_origins_of_several_parents_are_merged_by_mass() -> None:
    one = {"SRC-1": Decimal(1)}
    two = {"SRC-1": Decimal("0.25"), "SRC-2": Decimal("0.75")}
    found = merged_shares([(Decimal(100), one), (Decimal(300), two)])
    assert found == {"SRC-1": Decimal("0.4375"), "SRC-2": Decimal("0.5625")}


def test_one_origin_stays_whole_through_any_number_of_parents() -> None:
    only = {"SRC-SB-1": Decimal(1)}
    found = merged_shares([(Decimal("23269.040"), only), (Decimal("21856.560"), only)])
    assert {origin: str(share) for origin, share in found.items()} == {"SRC-SB-1": "1"}


@given(st.lists(st.tuples(masses, st.dictionaries(st.sampled_from("abcde"), masses, min_size=1)), min_size=1))
def test_merged_origins_sum_to_exactly_one(parents: list[tuple[Decimal, dict[str, Decimal]]]) -> None:
    assert sum(merged_shares([(dry, shares(origins)) for dry, origins in parents]).values()) == 1
