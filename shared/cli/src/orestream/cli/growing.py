"""How a genealogy grows: what each fact adds to it, whichever fact comes first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from sys import intern
from types import MappingProxyType
from typing import Any

from orestream.chassis.records import Fetched
from orestream.cli.contents import Stated
from orestream.cli.genealogy import Genealogy
from orestream.cli.ledger import Entry, decode_one
from orestream.cli.ledger_checks.lineage import Birth
from orestream.cli.lives import Allocated, Assayed, Born, Brought, LotLife, Site
from orestream.contracts.lots import (
    LotAssayed,
    LotBlended,
    LotDespatched,
    LotHeld,
    LotHoldLifted,
    LotReceived,
    LotSplit,
)
from orestream.contracts.message import Fact
from orestream.contracts.mining import LotMined, SourceRegistered
from orestream.contracts.parts import Assay
from orestream.contracts.processing import BatchProcessed, LotProduced
from orestream.contracts.shipments import (
    ShipmentBlocked,
    ShipmentCleared,
    ShipmentDispatched,
    ShipmentLotAllocated,
    ShipmentOpened,
    ShipmentRecalled,
    ShipmentRecallLifted,
)


def grow(graph: Genealogy, record: Fetched) -> None:
    """Adds what a record tells; one of another type, or that does not decode, tells nothing.

    Records of one key and topic come in their order, as in a partition; otherwise any order gives the same
    graph.
    """
    type_ = next((value for name, value in record.headers if name == "ce_type"), None)
    if type_ in _TYPES:
        found = decode_one(record)
        if isinstance(found, Entry):
            tell(graph, found)


def tell(graph: Genealogy, entry: Entry[Any]) -> None:
    """Adds what a fact tells."""
    told = _TELLS.get(type(entry.message))
    if told is not None:
        told(graph, entry)


def _source(graph: Genealogy, entry: Entry[SourceRegistered]) -> None:
    graph.regions[entry.message.source_id] = entry.message.region or ""


def _batch(graph: Genealogy, entry: Entry[BatchProcessed]) -> None:
    graph.batches[entry.message.batch_id] = intern(f"{entry.message.stage}, {entry.message.verdict}")


def _birth(graph: Genealogy, entry: Entry[Birth]) -> None:
    fact, topic = entry.message, entry.record.topic
    lot = graph.lot(fact.lot_id)
    counts = lot.birth is None or topic >= lot.birth.topic
    if counts:
        lot.birth = _mined(fact, entry) if isinstance(fact, LotMined) else _made(graph, fact, entry)
    if isinstance(fact, LotMined):
        return
    for parent in fact.parents:
        children = graph.lot(parent.lot_id).children
        if counts or lot.id not in children:
            children[lot.id] = parent.share


def _mined(fact: LotMined, entry: Entry[Any]) -> Born:
    sites = tuple(
        Site(intern(one.source_id), intern(one.name), intern(one.country), intern(one.licence), one.share)
        for one in fact.origins
    )
    return Born(
        entry.record.topic, entry.envelope.time, intern(f"{fact.material}, mined"), fact.dry_kg, sites=sites
    )


def _made(graph: Genealogy, fact: LotProduced | LotSplit | LotBlended, entry: Entry[Any]) -> Born:
    batch = fact.batch_id if isinstance(fact, LotProduced) else None
    way = (
        f"{fact.role} of {fact.batch_id}"
        if isinstance(fact, LotProduced)
        else type(fact).__name__.removeprefix("Lot").lower()
    )
    return Born(
        entry.record.topic,
        entry.envelope.time,
        intern(f"{fact.material}, {way}"),
        fact.dry_kg,
        parents=tuple(Brought(graph.lot(one.lot_id).id, one.dry_kg, one.share) for one in fact.parents),
        batch_id=batch,
        book=Stated.of(fact.results, fact.basis, fact.moisture_pct),
    )


def _assay(graph: Genealogy, entry: Entry[LotAssayed]) -> None:
    _sampled(graph.lot(entry.message.lot_id), entry.message, entry.record.topic)


def _despatch(graph: Genealogy, entry: Entry[LotDespatched]) -> None:
    fact, topic = entry.message, entry.record.topic
    lot = graph.lot(fact.lot_id)
    lot.despatched(topic, Stated.of(fact.results))
    for assay in fact.assays:
        _sampled(lot, assay, topic)


def _sampled(lot: LotLife, assay: Assay | LotAssayed, topic: str) -> None:
    results = Stated.of(assay.results, assay.basis, assay.moisture_pct)
    lot.assayed(Assayed(assay.sample.taken_at, isinstance(assay, Assay), topic, results))


def _received(graph: Genealogy, entry: Entry[LotReceived]) -> None:
    graph.lot(entry.message.lot_id)


def _hold(graph: Genealogy, entry: Entry[LotHeld]) -> None:
    graph.lot(entry.message.lot_id).holds.setdefault(intern(entry.message.hold_id), True)


def _lift(graph: Genealogy, entry: Entry[LotHoldLifted]) -> None:
    graph.lot(entry.message.lot_id).holds[intern(entry.message.hold_id)] = False


def _shipment(graph: Genealogy, entry: Entry[ShipmentOpened | ShipmentBlocked]) -> None:
    graph.shipment(entry.message.shipment_id)


def _allocation(graph: Genealogy, entry: Entry[ShipmentLotAllocated]) -> None:
    part, at = entry.message, entry.envelope.time
    lots = graph.shipment(part.shipment_id).lots
    lots[part.lot_id] = lots.get(part.lot_id, Decimal(0)) + part.dry_kg
    shipments = graph.lot(part.lot_id).shipments
    before = shipments.get(part.shipment_id, Allocated(at, Decimal(0)))
    shipments[part.shipment_id] = Allocated(min(before.since, at), before.dry_kg + part.dry_kg)


def _clearance(graph: Genealogy, entry: Entry[ShipmentCleared]) -> None:
    graph.shipment(entry.message.shipment_id).cleared = True


def _sailing(graph: Genealogy, entry: Entry[ShipmentDispatched]) -> None:
    fact = entry.message
    graph.shipment(
        fact.shipment_id
    ).sailed = f"sailed {fact.sailed_at:%Y-%m-%d} with {fact.vessel.name} to {fact.to_port}"


def _recall(graph: Genealogy, entry: Entry[ShipmentRecalled]) -> None:
    graph.shipment(entry.message.shipment_id).recalls.setdefault(entry.message.hold_id, True)


def _recall_lifted(graph: Genealogy, entry: Entry[ShipmentRecallLifted]) -> None:
    graph.shipment(entry.message.shipment_id).recalls[entry.message.hold_id] = False


_TELLS: Mapping[type[Fact], Callable[[Genealogy, Entry[Any]], None]] = MappingProxyType(
    {
        SourceRegistered: _source,
        BatchProcessed: _batch,
        **dict.fromkeys((LotMined, LotProduced, LotSplit, LotBlended), _birth),
        LotAssayed: _assay,
        LotDespatched: _despatch,
        LotReceived: _received,
        LotHeld: _hold,
        LotHoldLifted: _lift,
        **dict.fromkeys((ShipmentOpened, ShipmentBlocked), _shipment),
        ShipmentLotAllocated: _allocation,
        ShipmentCleared: _clearance,
        ShipmentDispatched: _sailing,
        ShipmentRecalled: _recall,
        ShipmentRecallLifted: _recall_lifted,
    }
)

_TYPES = frozenset(fact.TYPE.encode() for fact in _TELLS)
"""The types that tell of relations, as `ce_type` names them."""
