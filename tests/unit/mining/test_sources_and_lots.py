"""Sources and the lots mined at them: R01, R02, R04."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from orestream.contracts.mining import LotMined
from tests.support.mine import Mine, each, fact, types


def test_a_lot_carries_its_mass_and_the_source_it_comes_from() -> None:
    mine = Mine()
    mined = fact(mine.say(mine.desk.mine("LOT-1", "24000.000", "3.00")), LotMined)
    assert (mined.wet_kg, mined.dry_kg) == (Decimal("24000.000"), Decimal("23280.000"))
    assert [(one.source_id, one.country, one.share) for one in mined.origins] == [("SRC-1", "PK", 1)]
    assert mined.synthetic


def test_several_tickets_make_one_lot() -> None:
    mine = Mine()
    tickets = [mine.desk.ticket("T-1", "30.500", "10.000"), mine.desk.ticket("T-2", "25.000", "10.000")]
    mined = fact(mine.say(mine.desk.mine("LOT-1", moisture_pct="10", tickets=tickets)), LotMined)
    assert (mined.wet_kg, mined.dry_kg) == (Decimal("35.500"), Decimal("31.950"))


def test_a_lot_waits_for_its_source_and_what_follows_it_waits_behind_it() -> None:
    mine = Mine(source=False)
    mined, assayed = mine.desk.mine("LOT-1"), mine.desk.assay("LOT-1", {"Sb": "5"})
    assert [mine.say(mined).status, mine.say(assayed).status] == ["waiting", "waiting"]
    mine.accept(mine.desk.source())
    assert each(mine.service.outcomes[one.command_id] for _, one in (mined, assayed)) == [
        ("accepted", None),
        ("accepted", None),
    ]
    assert [type(one.fact).__name__ for one in mine.service.facts] == [
        "SourceRegistered",
        "LotMined",
        "LotAssayed",
    ]


@pytest.mark.parametrize(
    ("wet_kg", "fields"),
    [
        ("0", {}),
        ("-5", {}),
        ("0.0004", {}),
        ("10", {"moisture_pct": "100"}),
        ("10", {"moisture_pct": "-0.1"}),
        ("0.001", {"moisture_pct": "90"}),
        ("10", {"moisture_sigma_pct": "-1"}),
        ("10", {"material": "moon-rock"}),
        ("9999999999999", {}),
    ],
)
def test_a_lot_that_cannot_be_is_refused_before_any_waiting(wet_kg: str, fields: dict[str, str]) -> None:
    mine = Mine(source=False)
    outcome = mine.say(mine.desk.mine("LOT-1", wet_kg, **fields))
    assert (outcome.status, outcome.rule, outcome.facts) == ("refused", "R01", ())


def test_an_unknown_material_is_answered_with_the_nearest_names() -> None:
    mine = Mine()
    outcome = mine.say(mine.desk.mine("LOT-1", material="antimony-or"))
    assert outcome.message is not None
    assert "antimony-ore" in outcome.message


def test_a_ticket_sent_again_under_new_ids_makes_no_metal() -> None:
    mine = Mine()
    ticket = mine.desk.ticket("WB-7", "500.000")
    mine.accept(mine.desk.mine("LOT-1", tickets=[ticket]))
    again = mine.say(mine.desk.mine("LOT-2", tickets=[ticket]))
    assert (again.status, again.rule) == ("refused", "R02")


def test_a_ticket_stands_once_within_a_command_too() -> None:
    mine = Mine()
    ticket = mine.desk.ticket("WB-7", "500.000")
    assert mine.say(mine.desk.mine("LOT-1", tickets=[ticket, ticket])).rule == "R02"


def test_two_weighbridges_may_use_the_same_number() -> None:
    mine = Mine()
    ticket = mine.desk.ticket("WB-7", "500.000")
    mine.accept(
        mine.desk.mine("LOT-1", tickets=[ticket]),
        mine.desk.mine("LOT-2", tickets=[{**ticket, "weighbridge": "another"}]),
    )


def test_ids_of_lots_and_sources_are_given_once() -> None:
    mine = Mine()
    mine.accept(mine.desk.mine("LOT-1"))
    lot = mine.say(mine.desk.mine("LOT-1", tickets=[mine.desk.ticket("WB-8", "1")]))
    source = mine.say(mine.desk.source())
    assert each([lot, source]) == [("refused", "R04"), ("refused", "R04")]


@pytest.mark.parametrize(
    "fields",
    [
        {"owners": [{"name": "A", "country": "PK", "share_pct": "60"}] * 2},
        {"owners": [{"name": "A", "country": "PK", "share_pct": "0"}]},
        {"location": {"lat": "91", "lon": "0"}},
    ],
)
def test_a_source_that_cannot_be_is_refused(fields: dict[str, Any]) -> None:
    mine = Mine(source=False)
    assert mine.say(mine.desk.source(**fields)).rule == "R01"


def test_the_same_command_again_changes_nothing_and_is_answered_the_same() -> None:
    mine = Mine()
    said = mine.desk.mine("LOT-1")
    first = mine.say(said)
    before = dict(mine.service.states)
    again = mine.say(said)
    assert again.repeat
    assert (again.status, again.facts) == (first.status, first.facts)
    assert mine.service.states == before
    assert types(first) == [("LotMined", "LOT-1")]


def test_a_command_id_with_other_content_is_a_conflict_and_changes_nothing() -> None:
    mine = Mine()
    service, said = mine.desk.mine("LOT-1")
    mine.accept((service, said))
    before = dict(mine.service.states)
    other = mine.say((service, said.model_copy(update={"by": "somebody else"})))
    assert (other.status, other.rule, other.conflict) == ("refused", "R02", True)
    assert mine.service.states == before
