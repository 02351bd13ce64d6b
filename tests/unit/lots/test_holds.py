"""Holds, quarantines and what they reach: R04, R29, R30."""

from __future__ import annotations

import pytest

from orestream.contracts.lots import LotDespatched, LotHeld, LotHoldLifted
from tests.support.desk import hour
from tests.support.mine import Mine, each, fact, types


@pytest.fixture
def mine() -> Mine:
    """Two assayed lots, the blend of them, and a part of the blend."""
    mine = Mine()
    mine.accept(
        mine.desk.mine("LOT-1"),
        mine.desk.mine("LOT-2"),
        mine.desk.assay("LOT-1", {"Sb": "5"}),
        mine.desk.assay("LOT-2", {"Sb": "5"}),
        mine.desk.blend("MIX", {"LOT-1": "100", "LOT-2": "100"}),
        mine.desk.split("MIX", {"PART": "50"}),
    )
    return mine


def test_a_hold_reaches_everything_made_from_the_lot(mine: Mine) -> None:
    said = mine.desk.hold("LOT-1")
    outcome = mine.say(said)
    assert types(outcome) == [("LotHeld", "LOT-1"), ("LotHeld", "MIX"), ("LotHeld", "PART")]
    held = fact(outcome, LotHeld, "PART")
    assert (held.hold_id, held.root, held.kind, held.by) == (
        said[1].command_id,
        "LOT-1",
        "hold",
        "quality",
    )


def test_what_is_made_of_a_held_lot_is_recorded_and_inherits_the_hold(mine: Mine) -> None:
    mine.accept(mine.desk.hold("LOT-1"))
    outcome = mine.accept(mine.desk.split("PART", {"PIECE": "10"}))[0]
    assert types(outcome) == [("LotDrawn", "PART"), ("LotSplit", "PIECE"), ("LotHeld", "PIECE")]


def test_a_held_lot_does_not_leave_and_neither_does_what_was_made_of_it(mine: Mine) -> None:
    mine.accept(mine.desk.hold("LOT-1"))
    outcomes = [mine.say(mine.desk.despatch(lot)) for lot in ("LOT-1", "MIX", "PART", "LOT-2")]
    assert each(outcomes) == [("refused", "R30")] * 3 + [("accepted", None)]


def test_a_hold_counts_from_when_it_occurred(mine: Mine) -> None:
    mine.accept(mine.desk.hold("LOT-1", at=50))
    assert mine.say(mine.desk.despatch("MIX", at=49)).status == "accepted"
    assert mine.say(mine.desk.despatch("PART", at=50)).rule == "R30"


def test_a_lift_ends_a_hold_for_everything_it_reached(mine: Mine) -> None:
    held = mine.desk.hold("LOT-1", at=50)
    mine.accept(held)
    outcome = mine.say(mine.desk.lift("LOT-1", held[1].command_id, at=60))
    assert types(outcome) == [
        ("LotHoldLifted", "LOT-1"),
        ("LotHoldLifted", "MIX"),
        ("LotHoldLifted", "PART"),
    ]
    assert mine.say(mine.desk.despatch("PART", at=59)).rule == "R30"
    assert mine.say(mine.desk.despatch("PART", at=60)).status == "accepted"


def test_what_was_born_after_the_lift_is_not_held(mine: Mine) -> None:
    held = mine.desk.hold("LOT-1", at=50)
    mine.accept(held, mine.desk.lift("LOT-1", held[1].command_id, at=60))
    after = mine.accept(mine.desk.split("PART", {"LATER": "10"}, at=60))[0]
    before = mine.accept(mine.desk.split("PART", {"EARLIER": "10"}, at=55))[0]
    assert types(after) == [("LotDrawn", "PART"), ("LotSplit", "LATER")]
    assert types(before) == [
        ("LotDrawn", "PART"),
        ("LotSplit", "EARLIER"),
        ("LotHeld", "EARLIER"),
        ("LotHoldLifted", "EARLIER"),
    ]
    assert fact(before, LotHoldLifted).occurred_at.isoformat().startswith(hour(60)[:13])


def test_nobody_ends_a_hold_of_their_own(mine: Mine) -> None:
    held = mine.desk.hold("LOT-1")
    mine.accept(held)
    assert mine.say(mine.desk.lift("LOT-1", held[1].command_id, by="quality")).rule == "R29"


def test_a_lift_names_a_hold_that_is_in_force_on_that_lot(mine: Mine) -> None:
    held = mine.desk.hold("LOT-1", at=50)
    mine.accept(held)
    unknown = mine.say(mine.desk.lift("LOT-1", "no-such-hold", at=60))
    elsewhere = mine.say(mine.desk.lift("MIX", held[1].command_id, at=60))
    early = mine.say(mine.desk.lift("LOT-1", held[1].command_id, at=49))
    mine.accept(mine.desk.lift("LOT-1", held[1].command_id, at=60))
    again = mine.say(mine.desk.lift("LOT-1", held[1].command_id, at=61))
    assert [one.rule for one in (unknown, elsewhere, early, again)] == ["R04"] * 4


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"cause": "weather"}, "R01"),
        ({"cause": "assay"}, "R01"),
        ({"cause": "origin", "certificate": "CERT-LOT-1"}, "R01"),
        ({"cause": "assay", "certificate": "CERT-LOT-2"}, "R04"),
    ],
)
def test_a_hold_states_its_cause_and_for_an_assay_the_certificate(
    mine: Mine, fields: dict[str, str], rule: str
) -> None:
    assert mine.say(mine.desk.hold("LOT-1", **fields)).rule == rule


def test_a_hold_for_an_assay_reaches_only_what_relies_on_the_certificate(mine: Mine) -> None:
    mine.accept(mine.desk.assay("LOT-1", {"Sb": "5.1"}, "C-NEW"), mine.desk.split("LOT-1", {"ON-NEW": "10"}))
    old = mine.accept(mine.desk.hold("LOT-1", "assay", certificate="CERT-LOT-1"))[0]
    new = mine.accept(mine.desk.hold("LOT-1", "assay", certificate="C-NEW"))[0]
    assert [subject for _, subject in types(old)] == ["LOT-1", "MIX", "PART"]
    assert [subject for _, subject in types(new)] == ["LOT-1", "ON-NEW"]
    held = [mine.say(mine.desk.despatch(lot, at=90)).rule for lot in ("PART", "ON-NEW", "LOT-2")]
    assert held == ["R30", "R30", None]


def test_a_hold_of_an_unknown_lot_waits(mine: Mine) -> None:
    assert mine.say(mine.desk.hold("LOT-9")).status == "waiting"


def test_a_quarantine_is_released_by_somebody_else_for_all_it_reached(mine: Mine) -> None:
    mine.accept(mine.desk.assay("LOT-1", {"Sb": "99"}, "C-HIGH", by="laboratory"))
    itself = mine.say(mine.desk.release(lot_id="LOT-1", by="laboratory"))
    elsewhere = mine.say(mine.desk.release(lot_id="MIX"))
    released = mine.say(mine.desk.release(lot_id="LOT-1"))
    nothing = mine.say(mine.desk.release(lot_id="LOT-1"))
    assert each([itself, elsewhere, released, nothing]) == [
        ("refused", "R29"),
        ("refused", "R04"),
        ("accepted", None),
        ("refused", "R04"),
    ]
    assert [subject for _, subject in types(released)] == ["LOT-1", "MIX", "PART"]
    assert mine.say(mine.desk.despatch("PART")).status == "accepted"


def test_a_quarantine_is_not_lifted_and_a_hold_is_not_released(mine: Mine) -> None:
    doubted, held = mine.desk.assay("LOT-1", {"Sb": "99"}, "C-HIGH"), mine.desk.hold("LOT-2")
    mine.accept(doubted, held)
    lifted = mine.say(mine.desk.lift("LOT-1", doubted[1].command_id))
    released = mine.say(mine.desk.release(lot_id="LOT-2"))
    assert each([lifted, released]) == [("refused", "R04"), ("refused", "R04")]


def test_a_lot_leaves_with_all_that_its_receiver_must_know(mine: Mine) -> None:
    left = fact(mine.say(mine.desk.despatch("LOT-1", at=90)), LotDespatched)
    assert [one.certificate.number for one in left.assays] == ["CERT-LOT-1"]
    assert left.results == ()
    part = fact(mine.say(mine.desk.despatch("PART", at=90)), LotDespatched)
    assert (part.assays, part.certificates) == ((), ("CERT-LOT-1", "CERT-LOT-2"))
    assert [one.value for one in part.results] == ["5"]
    assert [one.lot_id for one in part.parents] == ["MIX"]


def test_inside_any_assay_will_do_and_for_export_an_accredited_one_of_a_sealed_sample() -> None:
    mine = Mine()
    mine.accept(mine.desk.mine("LOT-1"))
    bare = mine.say(mine.desk.despatch("LOT-1"))
    mine.accept(
        mine.desk.assay("LOT-1", {"Sb": "5"}, "C-1", accredited=False),
        mine.desk.assay("LOT-1", {"Sb": "5"}, "C-2", seal=None),
    )
    unfit = mine.say(mine.desk.despatch("LOT-1", "export"))
    mine.accept(mine.desk.assay("LOT-1", {"Sb": "5"}, "C-3"))
    early = mine.say(mine.desk.despatch("LOT-1", "export", at=3))
    fit = mine.say(mine.desk.despatch("LOT-1", "export"))
    assert each([bare, unfit, early, fit]) == [("refused", "R12")] * 3 + [("accepted", None)]
