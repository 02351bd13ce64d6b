"""Shipments recalled because something they were made from is held: once per shipment and hold.

A hold in force at or after the sailing recalls, even if it has been lifted since. Hold, kinship and
sailing may be read in any order: whichever completes the chain tells of the recall.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from orestream.contracts.decision import Happened, World
from orestream.contracts.lots import LotHoldLifted
from orestream.contracts.message import Fact
from orestream.contracts.processing import BatchReleased
from orestream.contracts.shipments import (
    ShipmentDispatched,
    ShipmentRecalled,
    ShipmentRecallLifted,
)
from orestream.export.domain.shipment import SHIPMENT, Shipment
from orestream.lots.genealogy import holds_on
from orestream.lots.state import HOLD, Hold
from orestream.lots.telling import After, reached

SHIPPED = "shipped"
RECALL = "recall"


@dataclass(frozen=True, slots=True)
class Shipped:
    """The shipments that a lot, or a part of it, has sailed with."""

    id: str
    shipments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recall:
    """The shipments that one hold has recalled, and those whose recall has ended."""

    id: str
    shipments: tuple[str, ...] = ()
    lifted: tuple[str, ...] = ()


def following(world: World, service: str, happened: Happened) -> tuple[Fact, ...]:
    """The recalls, and ends of recalls, that follow from another service's fact."""
    after = After(world, service, (happened,))
    told: dict[tuple[str, str], tuple[Fact, ...]] = {}
    under = list(reached(after, happened))
    shipped: Mapping[str, Shipped] = world.get_all(SHIPPED, dict.fromkeys(lot_id for _, lot_id in under))
    for hold, lot_id in under:
        for shipment_id in shipped[lot_id].shipments if lot_id in shipped else ():
            if (hold.id, shipment_id) not in told and not _is_told(world, hold, shipment_id):
                shipment: Shipment | None = world.get(SHIPMENT, shipment_id)
                assert shipment is not None, "a shipment that has sailed was opened"
                assert shipment.sailed_at is not None, "a lot is shipped by a sailing"
                told[hold.id, shipment_id] = tuple(_recalled(hold, shipment_id, shipment.sailed_at))
    return (*(fact for facts in told.values() for fact in facts), *_ended(world, after, happened))


def at_sailing(world: World, sailed: ShipmentDispatched) -> tuple[Fact, ...]:
    """The recalls by holds that are known already and were put after the sailing, or lasted beyond it."""
    holds = {hold.id: hold for lot in sailed.lots for hold in holds_on(world, lot.lot_id)}
    return tuple(
        fact
        for _, hold in sorted(holds.items())
        for fact in _recalled(hold, sailed.shipment_id, sailed.sailed_at)
    )


def _is_told(world: World, hold: Hold, shipment_id: str) -> bool:
    recall: Recall | None = world.get(RECALL, hold.id)
    return recall is not None and shipment_id in recall.shipments


def _recalled(hold: Hold, shipment_id: str, sailed_at: datetime) -> Iterator[Fact]:
    if hold.lifted_at is not None and hold.lifted_at <= sailed_at:
        return
    yield ShipmentRecalled(
        shipment_id=shipment_id,
        hold_id=hold.id,
        root=hold.root,
        kind=hold.kind,
        cause=hold.cause,
        reason=hold.reason,
        occurred_at=hold.occurred_at,
    )
    if hold.lifted_at is not None:
        yield _lifted(hold, shipment_id, hold.lifted_at)


def _ended(world: World, after: World, happened: Happened) -> Iterator[Fact]:
    """When a hold ends, the recalls it has caused do; told with the first fact of its end."""
    fact = happened.fact
    if not isinstance(fact, LotHoldLifted | BatchReleased):
        return
    recall: Recall | None = world.get(RECALL, fact.hold_id)
    hold: Hold | None = after.get(HOLD, fact.hold_id)
    if recall is None or hold is None or hold.lifted_at is None:
        return
    for shipment_id in recall.shipments:
        if shipment_id not in recall.lifted:
            yield _lifted(hold, shipment_id, hold.lifted_at)


def _lifted(hold: Hold, shipment_id: str, at: datetime) -> ShipmentRecallLifted:
    return ShipmentRecallLifted(shipment_id=shipment_id, hold_id=hold.id, root=hold.root, occurred_at=at)


def evolve_shipped(lot_id: str, state: Shipped | None, happened: Happened) -> Shipped | None:
    """A lot after it has sailed."""
    match happened.fact:
        case ShipmentDispatched(shipment_id=shipment_id):
            known = state.shipments if state is not None else ()
            return Shipped(lot_id, _with(known, shipment_id))
        case _:
            return state


def evolve_recall(hold_id: str, state: Recall | None, happened: Happened) -> Recall | None:
    """A hold's recalls after one more, or the end of one."""
    known = state or Recall(hold_id)
    match happened.fact:
        case ShipmentRecalled(shipment_id=shipment_id):
            return replace(known, shipments=_with(known.shipments, shipment_id))
        case ShipmentRecallLifted(shipment_id=shipment_id):
            return replace(known, lifted=_with(known.lifted, shipment_id))
        case _:
            return state


def _with(known: Iterable[str], one: str) -> tuple[str, ...]:
    return tuple(sorted({*known, one}))
