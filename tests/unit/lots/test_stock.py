"""Draws, splits and blends: R03, R04, R11."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orestream.contracts.lots import LotBlended, LotDrawn, LotSplit
from tests.support.mine import Mine, each, fact, types


@pytest.fixture
def mine() -> Mine:
    """A mine with one lot of 1000 kg at 10 %, 900 kg dry."""
    mine = Mine()
    mine.accept(mine.desk.mine("LOT-1", "1000.000", "10"))
    return mine


def test_what_a_split_does_not_name_stays_in_the_parent(mine: Mine) -> None:
    outcome = mine.accept(mine.desk.split("LOT-1", {"A": "300", "B": "200"}))[0]
    assert types(outcome) == [
        ("LotDrawn", "LOT-1"),
        ("LotDrawn", "LOT-1"),
        ("LotSplit", "A"),
        ("LotSplit", "B"),
    ]
    assert mine.stock("LOT-1").stock_dry_kg == Decimal("450.000")
    assert mine.stock("A").stock_dry_kg == Decimal("270.000")
    born = fact(outcome, LotSplit, "A")
    assert [(one.lot_id, one.dry_kg, one.share) for one in born.parents] == [("LOT-1", Decimal("270.000"), 1)]
    assert born.origins == mine.stock("LOT-1").origins


@pytest.mark.parametrize(("wet_kg", "accepted"), [("1002.000", True), ("1002.010", False)])
def test_a_last_draw_may_exceed_the_stock_by_the_scale_s_tolerance(
    mine: Mine, wet_kg: str, *, accepted: bool
) -> None:
    outcome = mine.say(mine.desk.split("LOT-1", {"A": wet_kg}))
    assert (outcome.status, outcome.rule) == (("accepted", None) if accepted else ("refused", "R03"))


def test_the_excess_is_posted_as_a_weighing_difference_and_nothing_is_left(mine: Mine) -> None:
    drawn = fact(mine.say(mine.desk.split("LOT-1", {"A": "1001.000"})), LotDrawn)
    assert (drawn.dry_kg, drawn.difference_dry_kg) == (Decimal("900.900"), Decimal("0.900"))
    assert mine.stock("LOT-1").stock_dry_kg == 0


def test_the_tolerance_is_used_once(mine: Mine) -> None:
    mine.accept(mine.desk.split("LOT-1", {"A": "1001.000"}))
    assert mine.say(mine.desk.split("LOT-1", {"B": "0.500"})).rule == "R03"
    assert mine.say(mine.desk.despatch("LOT-1")).rule == "R03"


@pytest.mark.parametrize("wet_kg", ["0", "-1", "0.0001"])
def test_a_part_is_above_zero(mine: Mine, wet_kg: str) -> None:
    assert mine.say(mine.desk.split("LOT-1", {"A": wet_kg})).rule == "R01"


def test_a_new_lot_has_an_id_of_its_own(mine: Mine) -> None:
    mine.accept(mine.desk.mine("LOT-2"))
    taken = mine.say(mine.desk.split("LOT-1", {"LOT-2": "10"}))
    itself = mine.say(mine.desk.split("LOT-1", {"LOT-1": "10"}))
    twice = mine.say(
        mine.desk.command(
            "SplitLot",
            service="mining",
            lot_id="LOT-1",
            parts=[{"lot_id": "A", "wet_kg": "1"}, {"lot_id": "A", "wet_kg": "2"}],
        )
    )
    of_itself = mine.say(mine.desk.blend("LOT-1", {"LOT-1": "10"}))
    assert [one.rule for one in (taken, itself, twice, of_itself)] == ["R04"] * 4


def test_a_blend_is_the_sum_of_its_parts_and_of_their_origins(mine: Mine) -> None:
    mine.accept(
        mine.desk.source("SRC-2"),
        mine.desk.mine("LOT-2", "3000.000", "0", source_id="SRC-2"),
    )
    outcome = mine.accept(mine.desk.blend("MIX", {"LOT-1": "1000", "LOT-2": "900"}))[0]
    assert types(outcome) == [("LotBlended", "MIX"), ("LotDrawn", "LOT-1"), ("LotDrawn", "LOT-2")]
    born = fact(outcome, LotBlended)
    assert (born.wet_kg, born.dry_kg) == (Decimal("1900.000"), Decimal("1800.000"))
    assert [(one.lot_id, one.share) for one in born.parents] == [
        ("LOT-1", Decimal("0.5000")),
        ("LOT-2", Decimal("0.5000")),
    ]
    assert [(one.source_id, one.share) for one in born.origins] == [
        ("SRC-1", Decimal("0.5000")),
        ("SRC-2", Decimal("0.5000")),
    ]
    assert born.mineral == "stibnite"


def test_a_blend_waits_for_the_lots_it_is_made_of(mine: Mine) -> None:
    said = mine.desk.blend("MIX", {"LOT-1": "100", "LOT-2": "100"})
    assert mine.say(said).status == "waiting"
    mine.accept(mine.desk.mine("LOT-2"))
    assert mine.service.outcomes[said[1].command_id].status == "accepted"


def test_a_blend_names_each_lot_once_and_makes_no_other_material(mine: Mine) -> None:
    twice = mine.say(
        mine.desk.command(
            "BlendLots",
            service="mining",
            lot_id="MIX",
            material="antimony-ore",
            parts=[{"lot_id": "LOT-1", "wet_kg": "1"}, {"lot_id": "LOT-1", "wet_kg": "2"}],
        )
    )
    other = mine.say(mine.desk.blend("MIX", {"LOT-1": "1"}, material="copper-ore"))
    assert each([twice, other]) == [("refused", "R01"), ("refused", "R11")]


def test_nothing_is_drawn_from_a_lot_that_has_left(mine: Mine) -> None:
    mine.accept(mine.desk.assay("LOT-1", {"Sb": "5"}), mine.desk.despatch("LOT-1"))
    outcomes = [
        mine.say(mine.desk.split("LOT-1", {"A": "1"})),
        mine.say(mine.desk.blend("MIX", {"LOT-1": "1"})),
        mine.say(mine.desk.despatch("LOT-1")),
    ]
    assert [one.rule for one in outcomes] == ["R03"] * 3
