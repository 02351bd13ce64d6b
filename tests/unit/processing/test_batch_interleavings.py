"""Batches, their quarantine and its release come out the same in whatever order their keys arrive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache, partial

from hypothesis import given
from hypothesis import strategies as st

from orestream.contracts.lots import LotHeld, LotHoldLifted
from tests.support.plant import (
    DAY_1,
    ENDED,
    LATER,
    Plant,
    analysed,
    assay,
    batch,
    fed,
    hold_told,
    lift_told,
    made,
    mined_and_despatched,
    receipt,
    released,
)

GAIN = [made("CON-1", "90.000", {"Sb": "50"}), made("TLS-1", "910.000", {"Sb": "0.5"}, role="tailings")]
AN_HOUR = timedelta(hours=1)


def streams(plant: Plant) -> list[list[Callable[[], object]]]:
    """What arrives at the plant, key by key: each list in its own order, the lists in any.

    LOT-1 makes CON-1 out of nothing; CON-1 and LOT-2 are ground to CON-2, that to CON-3. LOT-2 is held by
    the mine, before CON-2 was made and until after it; the batch of CON-1 is released last.
    """
    hear, ask = (partial(partial, plant.hear), partial(partial, plant.ask))
    one, two = (
        mined_and_despatched(lot, assays=[assay(f"A-{lot}", {"Sb": "0.5"})]) for lot in ("LOT-1", "LOT-2")
    )
    both = [fed("CON-1", "10.000"), fed("LOT-2", "500.000")]
    again = [made("CON-2", "510.000")]
    after = ENDED + AN_HOUR
    return [
        [hear(fact) for fact in one],
        [hear(fact) for fact in (*two, hold_told("LOT-2", at=DAY_1), lift_told("LOT-2", at=LATER))],
        [ask(receipt("LOT-1", "1000.000"))],
        [ask(receipt("LOT-2", "1000.000"))],
        [ask(batch([fed()], GAIN)), ask(released(batch_id="BATCH-1"))],
        [ask(batch(both, again, stage="grind", batch_id="BATCH-2", started_at=after, ended_at=after))],
        [
            ask(
                batch(
                    [fed("CON-2", "5.000")],
                    [made("CON-3", "5.000")],
                    stage="grind",
                    batch_id="BATCH-3",
                    started_at=after + AN_HOUR,
                    ended_at=after + AN_HOUR,
                )
            )
        ],
        [ask(analysed("CON-3", "A-3", {"Sb": "40"}, at=after + AN_HOUR))],
    ]


def arrived(choices: Sequence[int]) -> Plant:
    """The plant after everything, each next stream chosen by a number."""
    plant = Plant()
    left = streams(plant)
    for choice in choices:
        left = [stream for stream in left if stream]
        if left:
            left[choice % len(left)].pop(0)()
    for stream in left:
        for arrive in stream:
            arrive()
    return plant


@cache
def in_order() -> Plant:
    return arrived([0] * 20)


def told(plant: Plant) -> Counter[tuple[str, str, str]]:
    """Every fact by type, subject and content."""
    return Counter((f.fact.TYPE, f.fact.key, f.fact.write().decode()) for f in plant.service.facts)


def test_in_order_every_command_is_accepted_and_every_product_is_held_and_freed() -> None:
    plant = in_order()
    assert plant.service.waiting == ()
    assert {outcome.status for outcome in plant.service.outcomes.values()} == {"accepted"}
    held = {("BATCH-1", lot) for lot in ("CON-1", "TLS-1", "CON-2", "CON-3")}
    held |= {("LOT-2", lot) for lot in ("CON-2", "CON-3")}
    assert Counter((fact.root, fact.lot_id) for fact in plant.facts(LotHeld)) == Counter(held)
    assert Counter((fact.root, fact.lot_id) for fact in plant.facts(LotHoldLifted)) == Counter(held)
    assert plant.held(LATER) == set()
    assert plant.held(LATER - timedelta(seconds=1)) == {"LOT-2", "CON-1", "TLS-1", "CON-2", "CON-3"}


@given(st.lists(st.integers(0, 7), min_size=20, max_size=20))
def test_in_any_order_of_keys_facts_outcomes_and_states_are_the_same(choices: list[int]) -> None:
    plant = arrived(choices)
    assert plant.service.waiting == ()
    assert plant.service.outcomes.keys() == in_order().service.outcomes.keys()
    assert told(plant) == told(in_order())
    assert plant.service.states == in_order().service.states
