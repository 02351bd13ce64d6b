"""A wide genealogy over two services: holds, lifts and quarantines, in whatever order messages arrive."""

from __future__ import annotations

from collections import Counter
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from orestream.contracts.lots import LotHeld, LotHoldLifted
from orestream.contracts.message import Command
from orestream.export.app import build as export
from orestream.mining.app import build as mining
from orestream.processing.app import build as processing
from tests.support.desk import Desk, hour
from tests.support.worlds import PureChain, Whim

PLANT = {"service": "processing"}
HELD, LIFTED = 1000, 2000


@cache
def said() -> tuple[tuple[str, Command], ...]:
    """Every act before every hold, every hold before every lift, so that no evidence comes too late.

    A (mined) gives A1 by a split; A and B give MIX; MIX leaves for the plant and gives CON and TLS there;
    CON gives CON-1; CON-1 and A1, which leaves too, give BIG; B1, split from B, leaves for export as it was
    mined; C comes to the plant a tenth short.
    """
    desk = Desk()
    acts = [
        desk.source("SRC-1"),
        desk.source("SRC-2"),
        desk.mine("A"),
        desk.mine("B", source_id="SRC-2"),
        desk.mine("C"),
        desk.split("A", {"A1": "300"}),
        desk.blend("MIX", {"A": "600", "B": "400"}),
        desk.assay("A1", {"Sb": "5"}),
        desk.assay("MIX", {"Sb": "5"}),
        desk.split("B", {"B1": "600"}),
        desk.assay("B1", {"Sb": "5"}),
        desk.assay("C", {"Sb": "5"}),
        desk.despatch("A1"),
        desk.despatch("MIX"),
        desk.despatch("C"),
        desk.despatch("B1", "export"),
        desk.receive("A1", "300"),
        desk.receive("MIX", "1000"),
        desk.receive("C", "900"),
        desk.receive("B1", "600", service="export"),
        batch(desk),
        desk.split("CON", {"CON-1": "40"}, **PLANT),
        desk.blend("BIG", {"CON-1": "10", "A1": "100"}, **PLANT),
        desk.split("C", {"C-1": "10"}, **PLANT),
        desk.assay("BIG", {"Sb": "99"}, **PLANT),
    ]
    holds = [
        desk.hold("A", at=HELD),
        desk.hold("MIX", "assay", certificate="CERT-MIX", at=HELD, **PLANT),
        desk.hold("B", "safety", at=HELD),
        desk.hold("A1", "origin", at=HELD, **PLANT),
    ]
    of_a, of_mix = holds[0][1].command_id, holds[1][1].command_id
    lifts = [
        desk.lift("A", of_a, at=LIFTED),
        desk.lift("MIX", of_mix, at=LIFTED, **PLANT),
        desk.release(lot_id="C", at=LIFTED, **PLANT),
    ]
    return (*acts, *holds, *lifts)


def batch(desk: Desk) -> tuple[str, Command]:
    lot = {"material": "stibnite-concentrate", "moisture_pct": "0", "basis": "dry"}
    return desk.command(
        "ProcessBatch",
        batch_id="BATCH-1",
        plant_id="PLANT-1",
        stage="flotation",
        started_at=hour(500),
        ended_at=hour(510),
        at=510,
        inputs=[{"lot_id": "MIX", "wet_kg": "1000"}],
        outputs=[
            {**lot, "lot_id": "CON", "role": "product", "wet_kg": "80", "results": [sb("55")]},
            {
                **lot,
                "lot_id": "TLS",
                "role": "tailings",
                "material": "tailings",
                "wet_kg": "918",
                "results": [sb("0.6")],
            },
        ],
    )


def sb(value: str) -> dict[str, str]:
    return {"analyte": "Sb", "value": value, "unit": "%"}


@cache
def in_order() -> PureChain:
    chain = PureChain((mining(), processing(), export()))
    chain.run(said())
    return chain


def under(chain: PureChain, type_: type) -> Counter[tuple[str, str, str]]:
    """Who told of which lot under which root."""
    return Counter(
        (name, one.fact.root, one.fact.lot_id)
        for name, service in chain.services.items()
        for one in service.facts
        if isinstance(one.fact, type_) and isinstance(one.fact, LotHeld | LotHoldLifted)
    )


def test_every_act_is_accepted_in_order() -> None:
    assert in_order().waiting == ()
    assert {name: one.status for name, one in in_order().outcomes.items()} == {
        command.command_id: "accepted" for _, command in said()
    }


def test_each_descendant_is_told_of_once_by_the_service_it_was_born_in_or_that_put_the_hold() -> None:
    assert under(in_order(), LotHeld) == Counter(
        {
            **dict.fromkeys([("mining", "A", lot) for lot in ("A", "A1", "MIX")], 1),
            **dict.fromkeys([("processing", "A", lot) for lot in ("CON", "TLS", "CON-1", "BIG")], 1),
            **dict.fromkeys([("processing", "MIX", lot) for lot in ("MIX", "CON", "TLS")], 1),
            **dict.fromkeys([("mining", "B", lot) for lot in ("B", "B1", "MIX")], 1),
            **dict.fromkeys([("processing", "B", lot) for lot in ("CON", "TLS", "CON-1", "BIG")], 1),
            **dict.fromkeys([("processing", "A1", lot) for lot in ("A1", "BIG")], 1),
            **dict.fromkeys([("processing", "C", lot) for lot in ("C", "C-1")], 1),
            ("processing", "BIG", "BIG"): 1,
        }
    )


def test_every_lot_that_was_told_to_be_held_is_told_to_be_free_when_the_hold_ends() -> None:
    ended = {"A", "MIX", "C"}
    held = {told: times for told, times in under(in_order(), LotHeld).items() if told[1] in ended}
    assert under(in_order(), LotHoldLifted) == Counter(held)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_holds_lifts_and_births_may_come_in_any_order(seed: int) -> None:
    chain = PureChain((mining(), processing(), export()), Whim(seed))
    chain.run_interleaved(said())
    assert chain.waiting == ()
    assert chain.verdicts == in_order().verdicts
    assert chain.told == in_order().told
    assert chain.states == in_order().states
