"""Recalls over the three services: whatever order holds, lifts, kinship and the sailing are read in."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orestream.contracts.message import Command
from orestream.contracts.shipments import ShipmentRecalled, ShipmentRecallLifted
from orestream.export.app import build as export
from orestream.mining.app import build as mining
from orestream.processing.app import build as processing
from tests.support import chain as example
from tests.support.worlds import PureChain, Whim, parse

SAFETY, ORIGIN, ORE, OWN = "hold-safety", "hold-origin", "hold-ore-assay", "hold-own-assay"


def hold(hold_id: str, service: str, lot_id: str, cause: str, day: int, **more: str) -> dict[str, Any]:
    """A hold put after the sailing of 25 September."""
    said = {"reason": "in doubt", "authority": "manager", "by": "quality", **more}
    return {
        "command": "HoldLot",
        "command_id": hold_id,
        "service": service,
        "lot_id": lot_id,
        "cause": cause,
        "occurred_at": f"2025-10-{day:02d}T08:00:00Z",
        **said,
    }


def lift(hold_id: str, service: str, lot_id: str, day: int) -> dict[str, Any]:
    """Its end."""
    return {
        "command": "LiftHold",
        "command_id": f"lift-{hold_id}",
        "service": service,
        "lot_id": lot_id,
        "hold_id": hold_id,
        "occurred_at": f"2025-10-{day:02d}T08:00:00Z",
        "reason": "settled",
        "authority": "director",
        "by": "director",
    }


@cache
def said() -> tuple[tuple[str, Command], ...]:
    """The example, and behind it holds of every cause on the concentrate and on its ores."""
    more = [
        lift("c-042", "mining", "LOT-SB-0002", 5),
        hold(SAFETY, "processing", "CON-SB-0001", "safety", 6),
        hold(ORIGIN, "mining", "LOT-SB-0001", "origin", 7),
        lift(SAFETY, "processing", "CON-SB-0001", 8),
        hold(ORE, "mining", "LOT-SB-0001", "assay", 9, certificate="SAH-25-1001"),
        hold(OWN, "processing", "CON-SB-0001", "assay", 9, certificate="SAH-25-1107"),
        lift(ORE, "mining", "LOT-SB-0001", 12),
    ]
    return tuple(parse(one) for one in (*example.commands(), *more))


@cache
def in_file_order() -> PureChain:
    chain = PureChain([mining(), processing(), export()])
    chain.run(said())
    return chain


def test_each_hold_recalls_the_shipment_and_each_lift_ends_its_own() -> None:
    chain = in_file_order()
    recalled = {one.hold_id for one in chain.facts_of("SHP-0001", ShipmentRecalled)}
    assert recalled == {"c-042", SAFETY, ORIGIN, ORE, OWN}
    lifted = {one.hold_id for one in chain.facts_of("SHP-0001", ShipmentRecallLifted)}
    assert lifted == {"c-042", SAFETY, ORE}


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_interleaving_changes_a_recall(seed: int) -> None:
    chain = PureChain([mining(), processing(), export()], Whim(seed))
    chain.run_interleaved(said())
    assert chain.waiting == ()
    assert chain.verdicts == in_file_order().verdicts
    assert chain.told == in_file_order().told
    assert chain.states == in_file_order().states
