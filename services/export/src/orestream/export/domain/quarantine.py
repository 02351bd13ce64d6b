"""Ends the quarantines of a shipment: somebody else than who recorded them, with a reason (R04, R29)."""

from __future__ import annotations

from orestream.contracts.decision import Accepted, Decision, Waits, World
from orestream.contracts.lots import ReleaseQuarantine
from orestream.contracts.shipments import ShipmentReleased
from orestream.export.domain import shipment
from orestream.lots import holding
from orestream.lots.rules import R01, R04, R29, refused


def release(command: ReleaseQuarantine, world: World, service: str) -> Decision:
    """Of a lot received here, or of a shipment."""
    match command:
        case ReleaseQuarantine(shipment_id=str(shipment_id), batch_id=None, lot_id=None):
            return _release_shipment(command, shipment_id, world)
        case ReleaseQuarantine(lot_id=str(lot_id), batch_id=None, shipment_id=None):
            return holding.release(command, lot_id, world, service)
        case ReleaseQuarantine(batch_id=str(batch_id), shipment_id=None, lot_id=None):
            return refused(R04, f"batch {batch_id} is released in processing", batch_id=batch_id)
        case _:
            return refused(R01, "a release names one thing: lot_id, batch_id or shipment_id")


def _release_shipment(command: ReleaseQuarantine, shipment_id: str, world: World) -> Decision:
    found = shipment.find(world, shipment_id)
    if isinstance(found, Waits):
        return found
    open_ones = [q for q in found.quarantines if q.in_force(command.occurred_at) and q.until is None]
    if not open_ones:
        return refused(R04, f"shipment {shipment_id} is under no quarantine", shipment_id=shipment_id)
    for quarantine in open_ones:
        if quarantine.by == command.by:
            why = f"quarantine {quarantine.hold_id} was recorded by {command.by}; somebody else has to end it"
            return refused(R29, why, hold_id=quarantine.hold_id, by=command.by)
    return Accepted(
        tuple(
            ShipmentReleased(
                shipment_id=shipment_id,
                hold_id=quarantine.hold_id,
                reason=command.reason,
                authority=command.authority,
                by=command.by,
            )
            for quarantine in open_ones
        )
    )
