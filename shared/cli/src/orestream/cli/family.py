"""Ancestry and descent of one lot or shipment, as a tree of plain values: to draw, or to print as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from orestream.cli.genealogy import Genealogy
from orestream.contracts.mining import LotMined
from orestream.contracts.processing import LotProduced
from orestream.metallurgy.quantities import kg

Kind = Literal["lot", "shipment", "source"]


@dataclass(frozen=True, slots=True)
class Relative:
    """One member of a family, with what connects it to the member it hangs from.

    Attributes:
        id: of the lot, shipment or source.
        kind: which of these it is.
        how: `mined`, `produced by BATCH-1 (flotation)`, a shipment's state …
        dry_kg: of the connection: what it brought or got; of the whole lot at the root.
        share: of the dry mass of what it went into, 0 to 1.
        metals_kg: analyte → kg in that dry mass.
        held: whether a hold on it has not been lifted (a shipment: whether it is recalled).
        repeated: True where its own relatives are drawn elsewhere in the tree.
        relatives: the next generation, away from the root.
    """

    id: str
    kind: Kind
    how: str
    dry_kg: Decimal | None
    share: Decimal | None = None
    metals_kg: Mapping[str, Decimal] = field(default_factory=dict)
    held: bool = False
    repeated: bool = False
    relatives: tuple[Relative, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Decimals as strings, absent values left out."""
        found: dict[str, Any] = {"id": self.id, "kind": self.kind, "how": self.how}
        if self.dry_kg is not None:
            found["dry_kg"] = str(self.dry_kg)
        if self.share is not None:
            found["share"] = str(self.share)
        if self.metals_kg:
            found["metals_kg"] = {name: str(mass) for name, mass in self.metals_kg.items()}
        if self.held:
            found["held"] = True
        if self.repeated:
            found["repeated"] = True
        if self.relatives:
            found["relatives"] = [relative.as_json() for relative in self.relatives]
        return found


def ancestry(graph: Genealogy, root: str) -> Relative:
    """What a lot or shipment was made from, back to the sources."""
    seen: set[str] = set()
    if root in graph.shipments:
        return _shipment(graph, root, None, lambda: _cargo(graph, root, seen))
    return _ancestor(graph, root, _born_kg(graph, root), None, seen)


def descent(graph: Genealogy, root: str) -> Relative:
    """What became of a lot: everything made from it, and the shipments it went into."""
    return _descendant(graph, root, _born_kg(graph, root), None, set())


def _born_kg(graph: Genealogy, lot_id: str) -> Decimal | None:
    birth = graph.lots[lot_id].birth
    return None if birth is None else birth.dry_kg


def _cargo(graph: Genealogy, shipment_id: str, seen: set[str]) -> tuple[Relative, ...]:
    lots = graph.shipments[shipment_id].lots
    total = sum(lots.values(), Decimal(0))
    return tuple(
        _ancestor(graph, lot, dry, (dry / total).quantize(Decimal("0.0001")) if total else None, seen)
        for lot, dry in lots.items()
    )


def _ancestor(
    graph: Genealogy, lot_id: str, dry_kg: Decimal | None, share: Decimal | None, seen: set[str]
) -> Relative:
    def elders() -> tuple[Relative, ...]:
        lot = graph.lot(lot_id)
        if isinstance(lot.birth, LotMined):
            return _sources(graph, lot.birth, dry_kg)
        return tuple(_ancestor(graph, p.lot_id, p.dry_kg, p.share, seen) for p in lot.parents)

    return _lot(graph, lot_id, (dry_kg, share), seen, elders)


def _descendant(
    graph: Genealogy, lot_id: str, dry_kg: Decimal | None, share: Decimal | None, seen: set[str]
) -> Relative:
    def heirs() -> tuple[Relative, ...]:
        lot = graph.lot(lot_id)
        children = [_child(graph, child, brought.share, seen) for child, brought in lot.children.items()]
        return (*children, *(_shipment(graph, ship, dry, tuple) for ship, dry in lot.shipments.items()))

    return _lot(graph, lot_id, (dry_kg, share), seen, heirs)


def _child(graph: Genealogy, lot_id: str, share: Decimal, seen: set[str]) -> Relative:
    """A lot made from another, with the part of it that is the other's by share of the dry mass."""
    whole = _born_kg(graph, lot_id)
    return _descendant(graph, lot_id, None if whole is None else kg(whole * share), share, seen)


def _lot(
    graph: Genealogy,
    lot_id: str,
    brought: tuple[Decimal | None, Decimal | None],
    seen: set[str],
    relatives: Callable[[], tuple[Relative, ...]],
) -> Relative:
    dry_kg, share = brought
    repeated = lot_id in seen
    seen.add(lot_id)
    return Relative(
        lot_id,
        "lot",
        _how(graph, lot_id),
        dry_kg,
        share,
        graph.metals(lot_id, dry_kg) if dry_kg is not None else {},
        held=graph.held(lot_id),
        repeated=repeated,
        relatives=() if repeated else relatives(),
    )


def _how(graph: Genealogy, lot_id: str) -> str:
    lot = graph.lot(lot_id)
    match lot.birth:
        case None:
            return "its birth is not on the ledger"
        case LotProduced():
            batch = graph.batches.get(lot.birth.batch_id)
            stage = f" ({batch.stage}, {batch.verdict})" if batch is not None else ""
            return f"{lot.birth.material}, {lot.birth.role} of {lot.birth.batch_id}{stage}"
        case LotMined():
            return f"{lot.birth.material}, mined"
        case _:
            return f"{lot.birth.material}, {type(lot.birth).__name__.removeprefix('Lot').lower()}"


def _sources(graph: Genealogy, birth: LotMined, dry_kg: Decimal | None) -> tuple[Relative, ...]:
    found = []
    for origin in birth.origins:
        source = graph.sources.get(origin.source_id)
        place = f", {source.region}" if source is not None and source.region else ""
        how = f"{origin.name}, {origin.country}{place}, licence {origin.licence}"
        dry = kg(dry_kg * origin.share) if dry_kg is not None else None
        found.append(Relative(origin.source_id, "source", how, dry, origin.share))
    return tuple(found)


def _shipment(
    graph: Genealogy, shipment_id: str, dry_kg: Decimal | None, lots: Callable[[], tuple[Relative, ...]]
) -> Relative:
    life = graph.shipments[shipment_id]
    dry = dry_kg if dry_kg is not None else sum(life.lots.values(), Decimal(0))
    return Relative(shipment_id, "shipment", life.state, dry, held=bool(life.recalls), relatives=lots())
