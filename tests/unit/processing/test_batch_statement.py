"""What a batch must state, and which ids it may give: R01, R04 and R05 at their boundaries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from orestream.contracts.lots import LotSplit
from orestream.contracts.parts import Parent
from orestream.contracts.processing import (
    InProcess,
    Loss,
    ProcessBatch,
    Reagent,
    Wip,
)
from tests.support.batches import SB, con, plant_with, separated
from tests.support.plant import (
    ORIGIN,
    STARTED,
    Plant,
    batch,
    fed,
    made,
    results,
)

R01: dict[str, Callable[[], ProcessBatch]] = {
    "an unknown stage": lambda: separated(stage="flotaton"),
    "an end before the start": lambda: separated(ended_at=STARTED - timedelta(seconds=1)),
    "a lot that goes in twice": lambda: separated(inputs=[fed(wet_kg="1.000"), fed(wet_kg="2.000")]),
    "an input of nothing": lambda: separated(inputs=[fed(wet_kg="0.000")]),
    "a negative input": lambda: separated(inputs=[fed(wet_kg="-1.000")]),
    "an input moister than water": lambda: separated(inputs=[fed(moisture_pct="100")]),
    "a negative moisture": lambda: separated(inputs=[fed(moisture_pct="-0.01")]),
    "a negative uncertainty of a weight": lambda: separated(inputs=[fed(sigma_kg="-0.001")]),
    "an uncertainty above the weight": lambda: separated(inputs=[fed(sigma_kg="1000.001")]),
    "a negative uncertainty of a moisture": lambda: separated(inputs=[fed(moisture_sigma_pct="-1")]),
    "an unknown role": lambda: con(role="slimes"),
    "an unknown material": lambda: con(material="stibnite concentrate"),
    "an unknown basis": lambda: con(basis="wet"),
    "an output of nothing": lambda: con(wet_kg="0"),
    "an output of more than any lot": lambda: con(wet_kg="1000000000000.001"),
    "an output that is water": lambda: con(moisture_pct="100"),
    "an output of no gram of solids": lambda: con(wet_kg="0.001", moisture_pct="99"),
    "an unknown analyte": lambda: con(grades={"Xx": "1"}),
    "an uncertainty above the whole": lambda: con(grades={"Sb": "50 ± 100.1"}),
    "an unknown unit": lambda: separated(
        outputs=[made("CON-1", "90.000").model_copy(update={"results": results(SB, "oz/t")})]
    ),
    "an analyte twice": lambda: separated(
        outputs=[made("CON-1", "90.000").model_copy(update={"results": results(SB) * 2})]
    ),
    "a reagent of nothing": lambda: separated(reagents=[Reagent(name="lime", kg=Decimal(0))]),
    "a reagent's unknown analyte": lambda: separated(
        reagents=[Reagent(name="lime", kg=Decimal(1), results=results({"Xx": "1"}))]
    ),
    "a negative loss": lambda: separated(losses=[Loss(cause="spill", dry_kg=Decimal("-0.001"))]),
    "negative stock in process": lambda: separated(
        wip=Wip(opening=InProcess(dry_kg=Decimal(0)), closing=InProcess(dry_kg=Decimal(-1)))
    ),
}


@pytest.mark.parametrize("statement", R01.values(), ids=R01)
def test_a_batch_cannot_state(statement: Callable[[], ProcessBatch]) -> None:
    outcome = plant_with().ask(statement())
    assert (outcome.status, outcome.rule, outcome.facts) == ("refused", "R01", ())


def test_what_needs_no_stock_is_answered_before_any_waiting() -> None:
    assert Plant().ask(separated(stage="flotaton")).rule == "R01"
    assert Plant().ask(separated()).status == "waiting"


def test_a_batch_may_end_the_moment_it_starts_and_the_message_offers_the_nearest_word() -> None:
    assert plant_with().ask(separated(ended_at=STARTED)).status == "accepted"
    refusal = plant_with().ask(separated(stage="flotaton"))
    assert refusal.message is not None
    assert "did you mean flotation?" in refusal.message


R04: dict[str, Callable[[], ProcessBatch]] = {
    "the batch of another": lambda: batch(
        [fed()], [made("CON-2", "1.000")], batch_id="BATCH-1", command_id="again"
    ),
    "a lot that another batch made": lambda: batch([fed()], [made("CON-1", "1.000")], batch_id="BATCH-2"),
    "a lot that was mined": lambda: batch([fed("CON-1")], [made("LOT-1", "1.000")], batch_id="BATCH-2"),
    "its own input": lambda: batch([fed()], [made("LOT-1", "1.000")], batch_id="BATCH-2"),
    "one id to two outputs": lambda: batch(
        [fed()], [made("CON-2", "1.000"), made("CON-2", "2.000")], batch_id="BATCH-2"
    ),
    "its own id to an output": lambda: batch([fed()], [made("BATCH-2", "1.000")], batch_id="BATCH-2"),
    "the id of a lot": lambda: batch([fed()], [made("CON-2", "1.000")], batch_id="LOT-1"),
}


@pytest.mark.parametrize("taken", R04.values(), ids=R04)
def test_a_batch_cannot_take(taken: Callable[[], ProcessBatch]) -> None:
    plant = plant_with(dry_kg="2000.000")
    assert plant.ask(separated()).status == "accepted"
    outcome = plant.ask(taken())
    assert (outcome.status, outcome.rule, outcome.facts) == ("refused", "R04", ())


def test_an_id_that_others_name_as_a_parent_is_taken_before_its_own_birth_is_read() -> None:
    plant = plant_with()
    split = LotSplit(
        lot_id="LOT-1B",
        material="antimony-ore",
        wet_kg=Decimal(10),
        moisture_pct=Decimal(0),
        dry_kg=Decimal(10),
        parents=(Parent(lot_id="CON-1", dry_kg=Decimal(10), share=Decimal(1)),),
        origins=(ORIGIN,),
    )
    plant.hear(split)
    assert plant.ask(separated()).rule == "R04"


@pytest.mark.parametrize(
    ("grades", "status"),
    [({"Sb": "50", "As": "50.5"}, "accepted"), ({"Sb": "50", "As": "50.501"}, "refused")],
)
def test_results_of_a_stream_add_up_to_the_whole_and_half_a_point(
    grades: dict[str, str], status: str
) -> None:
    outcome = plant_with().ask(con(grades=grades))
    assert (outcome.status, outcome.rule == "R05") == (status, status == "refused")


def test_results_as_received_are_added_up_on_dry_basis() -> None:
    assert plant_with().ask(con(grades={"Sb": "60"}, basis="as-received", moisture_pct="50")).rule == "R05"
    assert plant_with().ask(con(grades={"Sb": "50"}, basis="as-received", moisture_pct="20")).rule != "R05"


@pytest.mark.parametrize("where", ["output", "reagent", "loss", "stock in process"])
def test_no_stream_holds_less_than_nothing(where: str) -> None:
    negative, nothing = results({"Sb": "-0.1"}), InProcess(dry_kg=Decimal(0))
    one = Decimal(1)
    commands = {
        "output": con(grades={"Sb": "-0.1"}),
        "reagent": separated(reagents=[Reagent(name="x", kg=one, results=negative)]),
        "loss": separated(losses=[Loss(cause="spill", dry_kg=one, results=negative)]),
        "stock in process": separated(
            wip=Wip(opening=InProcess(dry_kg=one, results=negative), closing=nothing)
        ),
    }
    assert plant_with().ask(commands[where]).rule == "R05"
