"""Who was made from what: lots, batches and shipments as a graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from orestream.cli.contents import metals_kg
from orestream.cli.lives import LotLife, ShipmentLife


@dataclass(slots=True)
class Genealogy:
    """Everything that is related to anything."""

    lots: dict[str, LotLife] = field(default_factory=dict)
    shipments: dict[str, ShipmentLife] = field(default_factory=dict)
    regions: dict[str, str] = field(default_factory=dict)
    """Source → the region it lies in, where that is known."""
    batches: dict[str, str] = field(default_factory=dict)
    """Batch → its stage and verdict."""

    def lot(self, lot_id: str) -> LotLife:
        """The lot, made known if it was not."""
        found = self.lots.get(lot_id)
        if found is None:
            found = self.lots[lot_id] = LotLife(lot_id)
        return found

    def shipment(self, shipment_id: str) -> ShipmentLife:
        """The shipment, made known if it was not."""
        return self.shipments.setdefault(shipment_id, ShipmentLife())

    def metals(self, lot_id: str, dry_kg: Decimal) -> Mapping[str, Decimal]:
        """Analyte → kg in so much of the lot, by its latest sample."""
        return metals_kg(dry_kg, self.lot(lot_id).grades)

    def held(self, lot_id: str) -> bool:
        """Whether the facts have a hold on it that was not lifted."""
        return lot_id in self.lots and any(self.lots[lot_id].holds.values())
