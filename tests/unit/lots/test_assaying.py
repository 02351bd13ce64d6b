"""Assays: R01, R02, R05, R06, R11."""

from __future__ import annotations

import pytest

from orestream.contracts.lots import LotBlended, LotHeld
from tests.support.desk import hour
from tests.support.mine import Mine, each, fact, types


@pytest.fixture
def mine() -> Mine:
    """A mine with one lot."""
    mine = Mine()
    mine.accept(mine.desk.mine("LOT-1"))
    return mine


@pytest.mark.parametrize(
    "fields",
    [
        {"basis": "wet"},
        {"basis": "as-received"},
        {"basis": "as-received", "moisture_pct": "100"},
        {"results": [{"analyte": "Xx", "value": "1", "unit": "%"}]},
        {"results": [{"analyte": "Sb", "value": "1", "unit": "oz"}]},
        {"results": [{"analyte": "Sb", "value": "1", "unit": "%"}] * 2},
        {"results": [{"analyte": "Sb", "value": "1", "unit": "%", "sigma": "-1"}]},
        {"taken_at": "2025-08-31T00:00:00Z"},
    ],
)
def test_an_assay_that_does_not_say_what_it_must_is_refused(mine: Mine, fields: dict[str, object]) -> None:
    outcome = mine.say(mine.desk.assay("LOT-1", {"Sb": "5"}, **fields))
    assert (outcome.status, outcome.rule, outcome.facts) == ("refused", "R01", ())


def test_an_assay_of_an_unknown_lot_waits(mine: Mine) -> None:
    assert mine.say(mine.desk.assay("LOT-9", {"Sb": "5"})).status == "waiting"


def test_a_seal_and_a_certificate_with_its_sample_count_once(mine: Mine) -> None:
    mine.accept(mine.desk.mine("LOT-2"), mine.desk.assay("LOT-1", {"Sb": "5"}, "C-1"))
    seal = mine.say(mine.desk.assay("LOT-2", {"Sb": "5"}, "C-2", seal="SEAL-C-1"))
    paper = mine.say(mine.desk.assay("LOT-2", {"Sb": "5"}, "C-1", seal="ANOTHER"))
    assert each([seal, paper]) == [("refused", "R02"), ("refused", "R02")]


@pytest.mark.parametrize(
    ("results", "rule"),
    [
        ({"Sb": "-0.1"}, "R05"),
        ({"Sb": "<-0.1"}, "R05"),
        ({"Sb": "60", "S": "25", "SiO2": "15.6"}, "R05"),
        ({"Sb": "60", "S": "25", "SiO2": "15.4"}, None),
        ({"Sb2S3": "90", "Sb": "64.5", "SiO2": "10"}, None),
        ({"Sb": "60", "LOI": "45"}, None),
        ({"Sb": "5", "Au": "<99"}, None),
    ],
)
def test_independent_results_are_not_negative_and_add_up_to_the_whole_at_most(
    mine: Mine, results: dict[str, str], rule: str | None
) -> None:
    outcome = mine.say(mine.desk.assay("LOT-1", results))
    assert (outcome.status, outcome.rule) == ("refused" if rule else "accepted", rule)


def test_results_as_received_are_summed_on_a_dry_basis(mine: Mine) -> None:
    wet = {"basis": "as-received", "moisture_pct": "20"}
    too_much = mine.say(mine.desk.assay("LOT-1", {"Sb": "50", "SiO2": "35"}, "C-1", **wet))
    enough = mine.say(mine.desk.assay("LOT-1", {"Sb": "50", "SiO2": "30"}, "C-2", **wet))
    assert each([too_much, enough]) == [("refused", "R05"), ("accepted", None)]


def test_a_grade_above_the_mineral_s_ceiling_is_recorded_and_quarantines_the_lot(mine: Mine) -> None:
    said = mine.desk.assay("LOT-1", {"Sb": "71.70"})
    outcome = mine.say(said)
    assert (outcome.status, outcome.rule) == ("accepted", "R06")
    held = fact(outcome, LotHeld)
    assert (held.kind, held.cause, held.root, held.hold_id) == (
        "quarantine",
        "R06",
        "LOT-1",
        said[1].command_id,
    )


def test_the_ceiling_is_that_of_the_declared_mineral() -> None:
    mine = Mine()
    mine.accept(mine.desk.mine("LOT-1", mineral="valentinite"))
    outcome = mine.say(mine.desk.assay("LOT-1", {"Sb": "83.00"}))
    assert (outcome.status, outcome.rule) == ("accepted", None)


def test_an_assay_quarantines_what_has_been_made_of_the_lot_as_well(mine: Mine) -> None:
    mine.accept(mine.desk.split("LOT-1", {"LOT-1A": "400"}))
    outcome = mine.say(mine.desk.assay("LOT-1", {"Sb": "99"}))
    assert types(outcome) == [("LotAssayed", "LOT-1"), ("LotHeld", "LOT-1"), ("LotHeld", "LOT-1A")]


def blended(mine: Mine, sigma: str = "") -> None:
    mine.accept(
        mine.desk.mine("LOT-2"),
        mine.desk.assay("LOT-1", {"Sb": "4" + sigma}),
        mine.desk.assay("LOT-2", {"Sb": "6" + sigma}),
        mine.desk.blend("MIX", {"LOT-1": "500", "LOT-2": "500"}),
    )


@pytest.mark.parametrize(("measured", "rule"), [("5.09", None), ("5.11", "R11"), ("4.89", "R11")])
def test_a_blend_s_assay_beyond_the_cap_of_its_book_quarantines(
    mine: Mine, measured: str, rule: str | None
) -> None:
    blended(mine)
    outcome = mine.say(mine.desk.assay("MIX", {"Sb": measured}))
    assert (outcome.status, outcome.rule) == ("accepted", rule)


@pytest.mark.parametrize(("measured", "rule"), [("5.03 ± 0.01", None), ("5.05 ± 0.01", "R11")])
def test_known_uncertainties_make_the_tolerance_of_a_blend_s_assay(
    mine: Mine, measured: str, rule: str | None
) -> None:
    blended(mine, " ± 0.01")
    assert mine.say(mine.desk.assay("MIX", {"Sb": measured})).rule == rule


def test_a_blend_s_book_is_the_mean_of_the_assays_recorded_by_then(mine: Mine) -> None:
    mine.accept(
        mine.desk.mine("LOT-2"),
        mine.desk.assay("LOT-1", {"Sb": "4"}, "C-1", taken_at=hour(10), at=10),
        mine.desk.assay("LOT-1", {"Sb": "9"}, "C-2", taken_at=hour(11), at=90),
        mine.desk.assay("LOT-1", {"Sb": "2"}, "C-3", taken_at=hour(9), at=12),
        mine.desk.assay("LOT-2", {"Sb": "6", "As": "1"}, "C-4"),
    )
    book = fact(mine.accept(mine.desk.blend("MIX", {"LOT-1": "500", "LOT-2": "500"}, at=50))[0], LotBlended)
    assert [(one.analyte, one.value) for one in book.results] == [("Sb", "5")]
    assert book.certificates == ("C-1", "C-4")
