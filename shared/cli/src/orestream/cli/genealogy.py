"""Who was made from what: lots, batches and shipments as a graph, read from the fact topics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from orestream.cli.contents import AssayBook, assay_book, metals_kg
from orestream.cli.ledger import Ledger
from orestream.cli.ledger_checks.lineage import Birth
from orestream.contracts.lots import LotBlended, LotDespatched, LotHeld, LotHoldLifted, LotReceived, LotSplit
from orestream.contracts.mining import LotMined, SourceRegistered
from orestream.contracts.parts import Parent
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


@dataclass(slots=True)
class LotLife:
    """What the facts say of one lot."""

    id: str
    birth: Birth | None = None
    children: dict[str, Parent] = field(default_factory=dict)
    """Lot made from this one → what this one brought to it."""
    shipments: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    """Shipment → dry kg allocated to it."""
    holds: set[str] = field(default_factory=set)
    """Holds on it that have not been lifted."""
    moves: list[str] = field(default_factory=list)

    @property
    def parents(self) -> tuple[Parent, ...]:
        """What it was made from; none for mined ore."""
        return () if self.birth is None or isinstance(self.birth, LotMined) else self.birth.parents


@dataclass(slots=True)
class ShipmentLife:
    """What the facts say of one shipment."""

    id: str
    lots: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    """Lot → dry kg allocated."""
    opened: ShipmentOpened | None = None
    sailed: ShipmentDispatched | None = None
    cleared: bool = False
    blocked: list[str] = field(default_factory=list)
    """Rules that blocked it."""
    recalls: set[str] = field(default_factory=set)
    """Holds for which it is recalled, not lifted."""

    @property
    def state(self) -> str:
        """In a word or two."""
        sailing = self.sailed
        if sailing is not None:
            return f"sailed {sailing.sailed_at:%Y-%m-%d} with {sailing.vessel.name} to {sailing.to_port}"
        return "cleared" if self.cleared else "not cleared"


@dataclass(slots=True)
class Genealogy:
    """Everything that is related to anything."""

    book: AssayBook
    lots: dict[str, LotLife] = field(default_factory=dict)
    shipments: dict[str, ShipmentLife] = field(default_factory=dict)
    sources: dict[str, SourceRegistered] = field(default_factory=dict)
    batches: dict[str, BatchProcessed] = field(default_factory=dict)

    def lot(self, lot_id: str) -> LotLife:
        """The lot, made known if it was not."""
        return self.lots.setdefault(lot_id, LotLife(lot_id))

    def shipment(self, shipment_id: str) -> ShipmentLife:
        """The shipment, made known if it was not."""
        return self.shipments.setdefault(shipment_id, ShipmentLife(shipment_id))

    def metals(self, lot_id: str, dry_kg: Decimal) -> Mapping[str, Decimal]:
        """Analyte → kg in so much of the lot, by its latest sample."""
        return metals_kg(dry_kg, self.book.best(lot_id))

    def held(self, lot_id: str) -> bool:
        """Whether the facts have a hold on it that was not lifted."""
        return bool(self.lots[lot_id].holds) if lot_id in self.lots else False


def genealogy(ledger: Ledger) -> Genealogy:
    """The graph that these facts draw, whatever order their topics come in."""
    graph = Genealogy(assay_book(ledger))
    for source in ledger.of(SourceRegistered):
        graph.sources[source.message.source_id] = source.message
    for batch in ledger.of(BatchProcessed):
        graph.batches[batch.message.batch_id] = batch.message
    _lots(graph, ledger)
    _holds(graph, ledger)
    _shipments(graph, ledger)
    return graph


def _lots(graph: Genealogy, ledger: Ledger) -> None:
    for born in ledger.of(LotMined, LotProduced, LotSplit, LotBlended):
        lot = graph.lot(born.message.lot_id)
        lot.birth = born.message
        for parent in lot.parents:
            graph.lot(parent.lot_id).children[lot.id] = parent
    moves = sorted(ledger.of(LotDespatched, LotReceived), key=lambda entry: entry.envelope.time)
    for entry in moves:
        fact = entry.message
        what = f"to {fact.destination}" if isinstance(fact, LotDespatched) else f"at {fact.place}"
        graph.lot(fact.lot_id).moves.append(f"{entry.envelope.time:%Y-%m-%d} {what}")


def _holds(graph: Genealogy, ledger: Ledger) -> None:
    for held in ledger.of(LotHeld):
        graph.lot(held.message.lot_id).holds.add(held.message.hold_id)
    for lifted in ledger.of(LotHoldLifted):
        graph.lot(lifted.message.lot_id).holds.discard(lifted.message.hold_id)


def _shipments(graph: Genealogy, ledger: Ledger) -> None:
    for opened in ledger.of(ShipmentOpened):
        graph.shipment(opened.message.shipment_id).opened = opened.message
    for allocation in ledger.of(ShipmentLotAllocated):
        part = allocation.message
        graph.shipment(part.shipment_id).lots[part.lot_id] += part.dry_kg
        graph.lot(part.lot_id).shipments[part.shipment_id] += part.dry_kg
    for cleared in ledger.of(ShipmentCleared):
        graph.shipment(cleared.message.shipment_id).cleared = True
    for blocked in ledger.of(ShipmentBlocked):
        graph.shipment(blocked.message.shipment_id).blocked.append(blocked.message.rule)
    for sailed in ledger.of(ShipmentDispatched):
        graph.shipment(sailed.message.shipment_id).sailed = sailed.message
    for recalled in ledger.of(ShipmentRecalled):
        graph.shipment(recalled.message.shipment_id).recalls.add(recalled.message.hold_id)
    for lifted in ledger.of(ShipmentRecallLifted):
        graph.shipment(lifted.message.shipment_id).recalls.discard(lifted.message.hold_id)
