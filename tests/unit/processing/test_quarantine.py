"""A batch in conflict is frozen with all it made, until somebody else releases it: R29, R30."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from orestream.contracts.decision import Asked, Happened, Ref, Refused
from orestream.contracts.lots import HoldLot, LotHeld, LotHoldLifted, SplitLot
from orestream.contracts.mining import MineLot
from orestream.contracts.parts import WetPart
from orestream.contracts.processing import BatchQuarantined, BatchReleased, ProcessBatch
from orestream.processing.app import build
from orestream.processing.domain.batch import Batch
from tests.support.plant import (
    DAY_1,
    ENDED,
    LATER,
    STARTED,
    Plant,
    analysed,
    assay,
    batch,
    despatched,
    fed,
    hold_told,
    lift_told,
    made,
    released,
    ticket,
)
from tests.support.worlds import MemoryWorld

GAIN = [made("CON-1", "90.000", {"Sb": "50"}), made("TLS-1", "910.000", {"Sb": "0.5"}, role="tailings")]


def quarantined() -> Plant:
    """A plant whose BATCH-1 made 49.55 kg of antimony out of 5."""
    plant = Plant()
    plant.stock("LOT-1", assays=[assay("A-1", {"Sb": "0.5"})])
    plant.ask(batch([fed()], GAIN))
    return plant


def ground(lot_id: str, into: str, wet_kg: str = "10.000") -> ProcessBatch:
    """A later, honest batch that grinds some of a lot."""
    output = made(into, wet_kg, material="stibnite-concentrate")
    start = ENDED + timedelta(hours=1)
    return batch(
        [fed(lot_id, wet_kg)],
        [output],
        stage="grind",
        batch_id=f"BATCH-{into}",
        started_at=start,
        ended_at=start,
    )


def held_by(plant: Plant) -> list[tuple[str, str, str, str]]:
    """What was told of holds: lot, hold, root and cause."""
    return [(fact.lot_id, fact.hold_id, fact.root, fact.cause) for fact in plant.facts(LotHeld)]


def test_the_quarantine_is_told_of_the_batch_and_of_each_lot_it_made_under_one_hold() -> None:
    plant = quarantined()
    (fact,) = plant.facts(BatchQuarantined)
    assert (fact.batch_id, fact.hold_id, fact.rule, fact.by) == ("BATCH-1", "cmd-BATCH-1", "R07", "shift-a")
    assert fact.occurred_at == ENDED
    assert held_by(plant) == [
        ("CON-1", "cmd-BATCH-1", "BATCH-1", "R07"),
        ("TLS-1", "cmd-BATCH-1", "BATCH-1", "R07"),
    ]
    assert {fact.kind for fact in plant.facts(LotHeld)} == {"quarantine"}
    assert plant.held(ENDED) == {"CON-1", "TLS-1"}


def test_a_quarantined_lot_stays_and_a_released_one_leaves() -> None:
    plant = quarantined()
    plant.ask(analysed("CON-1", "A-2", {"Sb": "50"}))
    assert plant.ask(despatched("CON-1")).rule == "R30"
    assert plant.ask(released(batch_id="BATCH-1")).status == "accepted"
    assert plant.ask(despatched("CON-1", command_id="again")).status == "accepted"


def test_a_release_counts_from_when_it_occurred() -> None:
    plant = quarantined()
    plant.ask(analysed("CON-1", "A-2", {"Sb": "50"}))
    plant.ask(released(batch_id="BATCH-1", at=LATER))
    before = despatched("CON-1", LATER - timedelta(seconds=1), "before")
    assert plant.ask(before).rule == "R30"
    assert plant.ask(despatched("CON-1", LATER)).status == "accepted"


def test_a_release_is_told_of_the_batch_its_lots_and_everything_made_from_them() -> None:
    plant = quarantined()
    assert plant.ask(ground("CON-1", "CON-2")).status == "accepted"
    assert held_by(plant)[-1] == ("CON-2", "cmd-BATCH-1", "BATCH-1", "R07")
    outcome = plant.ask(released(batch_id="BATCH-1"))
    assert [(type(one.fact), one.fact.key) for one in outcome.facts] == [
        (BatchReleased, "BATCH-1"),
        (LotHoldLifted, "CON-1"),
        (LotHoldLifted, "CON-2"),
        (LotHoldLifted, "TLS-1"),
    ]
    assert {fact.hold_id for fact in plant.facts(LotHoldLifted)} == {"cmd-BATCH-1"}
    assert plant.held(LATER) == set()


def test_what_is_made_of_a_lot_after_its_release_is_free() -> None:
    plant = quarantined()
    plant.ask(released(batch_id="BATCH-1", at=ENDED + timedelta(minutes=1)))
    told = len(plant.facts(LotHeld))
    plant.ask(ground("CON-1", "CON-2"))
    assert len(plant.facts(LotHeld)) == told


def test_what_was_made_before_the_release_but_is_told_after_it_is_held_and_freed_at_once() -> None:
    plant = quarantined()
    plant.ask(released(batch_id="BATCH-1", at=LATER))
    outcome = plant.ask(ground("CON-1", "CON-2"))
    assert [type(one.fact) for one in outcome.facts][-2:] == [LotHeld, LotHoldLifted]
    assert plant.held(LATER - timedelta(seconds=1)) == {"CON-1", "CON-2", "TLS-1"}
    assert plant.held(LATER) == set()


def test_nobody_releases_what_they_have_recorded() -> None:
    plant = quarantined()
    outcome = plant.ask(released(batch_id="BATCH-1", by="shift-a"))
    assert (outcome.status, outcome.rule, outcome.facts) == ("refused", "R29", ())


def test_a_batch_is_released_once() -> None:
    plant = quarantined()
    plant.ask(released(batch_id="BATCH-1"))
    assert plant.ask(released(batch_id="BATCH-1", by="another")).rule == "R04"


def test_a_release_dated_before_the_quarantine_ends_nothing() -> None:
    outcome = quarantined().ask(released(batch_id="BATCH-1", at=ENDED - timedelta(seconds=1)))
    assert outcome.rule == "R04"


def test_a_batch_in_no_quarantine_cannot_be_released() -> None:
    plant = Plant()
    plant.stock()
    plant.ask(batch([fed()], [made("ORE-2", "1000.000")], stage="crush"))
    assert plant.ask(released(batch_id="BATCH-1")).rule == "R04"


def test_a_release_that_comes_before_its_batch_waits_for_it() -> None:
    plant = Plant()
    release = released(batch_id="BATCH-1")
    assert plant.ask(release).status == "waiting"
    plant.stock("LOT-1", assays=[assay("A-1", {"Sb": "0.5"})])
    plant.ask(batch([fed()], GAIN))
    assert plant.service.outcomes[release.command_id].status == "accepted"


def test_a_lot_under_its_batchs_quarantine_is_released_with_the_batch_alone() -> None:
    outcome = quarantined().ask(released(lot_id="CON-1"))
    assert outcome.rule == "R04"
    assert outcome.message is not None
    assert "release BATCH-1" in outcome.message


@pytest.mark.parametrize(
    "named", [{"lot_id": "CON-1", "batch_id": "BATCH-1"}, {"shipment_id": "SHP-1"}, {"lot_id": None}]
)
def test_a_release_names_one_lot_or_one_batch_and_nothing_else(named: dict[str, str | None]) -> None:
    release = released(batch_id=None).model_copy(update=named)
    decision = build().decide(Asked(release, "c"), MemoryWorld(quarantined().service.states))
    assert isinstance(decision, Refused)
    assert decision.rule == "R01"


def test_what_is_not_for_a_plant_is_refused_with_where_to_send_it() -> None:
    mine = MineLot(
        command_id="c",
        occurred_at=DAY_1,
        by="weighbridge",
        lot_id="LOT-9",
        source_id="SRC-1",
        material="antimony-ore",
        tickets=(ticket("T-1", "100"),),
        moisture_pct=Decimal(3),
    )
    outcome = Plant().ask(mine)
    assert (outcome.status, outcome.rule) == ("refused", "R01")
    assert outcome.message is not None
    assert "send it to the service that has" in outcome.message


def test_a_lot_quarantined_for_its_own_assay_is_released_by_itself() -> None:
    plant = Plant()
    plant.stock()
    assert plant.ask(analysed("LOT-1", "A-1", {"Sb": "72"})).rule == "R06"
    assert plant.ask(released(lot_id="LOT-1")).status == "accepted"
    assert plant.held(LATER) == set()


def test_a_batch_of_a_held_lot_is_recorded_and_its_products_are_held_too() -> None:
    plant = Plant()
    plant.stock()
    plant.hear(hold_told("LOT-1", at=DAY_1))
    outcome = plant.ask(batch([fed()], [made("ORE-2", "1000.000")], stage="crush"))
    assert (outcome.status, outcome.rule) == ("accepted", None)
    assert held_by(plant) == [("ORE-2", "hold-1", "LOT-1", "origin")]


def test_a_hold_told_after_the_batch_reaches_its_products_all_the_same() -> None:
    early, late = Plant(), Plant()
    for plant in (early, late):
        plant.stock()
    early.hear(hold_told("LOT-1", at=DAY_1))
    for plant in (early, late):
        plant.ask(batch([fed()], [made("ORE-2", "1000.000")], stage="crush"))
    late.hear(hold_told("LOT-1", at=DAY_1))
    assert early.facts(LotHeld) == late.facts(LotHeld)


def test_a_hold_told_again_is_told_on_once() -> None:
    plant = Plant()
    plant.stock()
    plant.ask(batch([fed()], [made("ORE-2", "1000.000")], stage="crush"))
    plant.hear(hold_told("LOT-1", at=DAY_1))
    assert plant.hear(hold_told("LOT-1", at=DAY_1)) == ()


def test_a_lifted_hold_is_lifted_from_the_products_it_was_told_of() -> None:
    plant = Plant()
    plant.stock()
    plant.ask(batch([fed()], [made("ORE-2", "1000.000")], stage="crush"))
    plant.hear(hold_told("LOT-1", at=DAY_1))
    (told,) = plant.hear(lift_told("LOT-1", at=LATER))
    assert isinstance(told, LotHoldLifted)
    assert (told.lot_id, told.hold_id, told.occurred_at) == ("ORE-2", "hold-1", LATER)


def test_a_doubted_certificate_freezes_what_a_batch_made_of_it_and_nothing_else() -> None:
    plant = Plant()
    plant.stock("LOT-1", "500.000", assays=[assay("A-1", {"Sb": "5"})])
    plant.stock("LOT-2", "500.000", assays=[assay("A-2", {"Sb": "5"})])
    for number in ("1", "2"):
        plant.ask(
            batch(
                [fed(f"LOT-{number}", "500.000")],
                [made(f"ORE-{number}", "500.000")],
                stage="crush",
                batch_id=f"BATCH-{number}",
            )
        )
    plant.hear(hold_told("LOT-1", at=DAY_1, cause="assay", certificate="A-1"))
    assert {fact.lot_id for fact in plant.facts(LotHeld)} == {"ORE-1"}
    plant.hear(hold_told("LOT-2", at=DAY_1, cause="assay", certificate="A-0", hold_id="hold-2"))
    assert {fact.lot_id for fact in plant.facts(LotHeld)} == {"ORE-1"}


def test_a_doubt_reaches_what_rests_on_several_certificates_through_the_book() -> None:
    plant = Plant()
    plant.stock("LOT-1", book={"Sb": "5"}, certificates=("A-1", "A-2"))
    plant.ask(batch([fed()], [made("ORE-2", "1000.000", {"Sb": "5"})], stage="crush"))
    plant.hear(hold_told("LOT-1", at=DAY_1, cause="assay", certificate="A-2"))
    assert [fact.lot_id for fact in plant.facts(LotHeld)] == ["ORE-2"]


def test_a_hold_put_in_the_plant_reaches_what_was_split_off_and_processed() -> None:
    plant = Plant()
    plant.stock()
    plant.ask(
        SplitLot(
            command_id="split",
            occurred_at=STARTED,
            by="yard",
            lot_id="LOT-1",
            parts=(WetPart(lot_id="LOT-1B", wet_kg=Decimal(100)),),
        )
    )
    plant.ask(batch([fed("LOT-1B", "100.000")], [made("ORE-2", "100.000")], stage="crush"))
    hold = HoldLot(
        command_id="hold-1",
        occurred_at=LATER,
        by="quality",
        lot_id="LOT-1",
        cause="safety",
        reason="hot spot",
        authority="quality manager",
    )
    plant.ask(hold)
    assert {fact.lot_id for fact in plant.facts(LotHeld)} == {"LOT-1", "LOT-1B", "ORE-2"}


def test_a_fact_of_a_batch_that_was_never_told_of_is_an_error_not_a_guess() -> None:
    """A ledger with a hole must stop the reader, not make up a batch."""
    fact = BatchReleased(batch_id="B", hold_id="h", reason="r", authority="a", by="b", occurred_at=LATER)
    with pytest.raises(LookupError, match="of which no orestream"):
        build().evolve(Ref("batch", "B"), None, Happened(fact, LATER, "/orestream/main/processing", "", ""))


def test_a_batch_remembers_its_quarantine_and_its_release() -> None:
    plant = quarantined()
    plant.ask(released(batch_id="BATCH-1"))
    found = plant.service.states[Ref("batch", "BATCH-1")]
    assert isinstance(found, Batch)
    assert (found.verdict, found.quarantine, found.released_at) == ("gain", "cmd-BATCH-1", LATER)
    assert (found.inputs, found.outputs) == (("LOT-1",), ("CON-1", "TLS-1"))
