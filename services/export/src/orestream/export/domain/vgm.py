"""The verified gross mass of a packed container, held against its plate and its contents (R17)."""

from __future__ import annotations

from decimal import Decimal

from orestream.contracts.decision import Accepted, Decision, Refused, Waits, World
from orestream.contracts.export import RecordVgm
from orestream.contracts.message import Fact
from orestream.contracts.shipments import (
    ContainerStuffed,
    ShipmentBlocked,
    ShipmentHeld,
    ShipmentHoldLifted,
    VgmRecorded,
)
from orestream.export.domain import shipment
from orestream.export.domain.figures import ExportTables
from orestream.export.domain.shipment import Quarantine, Shipment
from orestream.lots.rules import R04, refused
from orestream.lots.weighing import check_mass
from orestream.metallurgy.quantities import exactly, kg, total_kg

R17 = "R17"
STEP = "vgm"


def record(command: RecordVgm, world: World, tables: ExportTables) -> Decision:
    """Above the plate it is blocked; a mismatch quarantines the shipment until a weighing agrees."""
    wrong = check_mass(f"container {command.container_no}", command.gross_kg)
    if wrong is not None:
        return wrong
    of = shipment.find(world, command.shipment_id)
    if isinstance(of, Waits):
        return of
    container = of.container(command.container_no)
    if container is None:
        why = f"container {command.container_no} is not stuffed for {of.id}; stuff it first"
        return refused(R04, why, container_no=command.container_no)
    sailed = shipment.check_here(of, "weighed")
    if sailed is not None:
        return sailed
    if command.gross_kg > container.max_gross_kg:
        return _too_heavy(command, container)
    return _weighed(command, of, container, tables.at(command.occurred_at).figure("vgm_pct"))


def _too_heavy(command: RecordVgm, container: ContainerStuffed) -> Refused:
    why = (
        f"container {command.container_no} weighs {command.gross_kg} kg, its plate allows"
        f" {container.max_gross_kg} kg; repack it"
    )
    blocked = ShipmentBlocked(shipment_id=command.shipment_id, rule=R17, step=STEP, reason=why)
    details = {"gross_kg": str(command.gross_kg), "max_gross_kg": str(container.max_gross_kg)}
    return Refused(R17, why, details, (blocked,))


def _weighed(
    command: RecordVgm, of: Shipment, container: ContainerStuffed, tolerance_pct: Decimal
) -> Accepted:
    fact = _compared(command, container, tolerance_pct)
    open_ones = [q for q in of.quarantines if q.until is None and command.container_no in q.containers]
    if fact.agrees:
        return Accepted((fact, *(_agreed(of, quarantine) for quarantine in open_ones)))
    why = (
        f"container {fact.container_no} weighs {fact.gross_kg} kg, {fact.expected_kg} kg by its contents:"
        f" more than {tolerance_pct} % apart; weigh it again"
    )
    details = {"gross_kg": str(fact.gross_kg), "expected_kg": str(fact.expected_kg)}
    facts: tuple[Fact, ...] = (fact,) if open_ones else (fact, _quarantined(command, why))
    return Accepted(facts, R17, why, details)


@exactly
def _compared(command: RecordVgm, container: ContainerStuffed, tolerance_pct: Decimal) -> VgmRecorded:
    """The sum is tare, packing and contents, whichever method the shipper used (SOLAS VI/2)."""
    wets = (part.wet_kg for part in container.contents)
    expected = total_kg((container.tare_kg, container.packing_kg, *wets))
    difference = kg(command.gross_kg) - expected
    return VgmRecorded(
        shipment_id=command.shipment_id,
        container_no=command.container_no,
        method=command.method,
        gross_kg=kg(command.gross_kg),
        expected_kg=expected,
        difference_kg=difference,
        agrees=abs(difference) * 100 <= tolerance_pct * expected,
        signatory=command.signatory,
        weighed_at=command.weighed_at,
    )


def _quarantined(command: RecordVgm, why: str) -> ShipmentHeld:
    return ShipmentHeld(
        shipment_id=command.shipment_id,
        hold_id=command.command_id,
        kind="quarantine",
        rule=R17,
        step=STEP,
        reason=why,
        differs=(command.container_no,),
        by=command.by,
    )


def _agreed(of: Shipment, quarantine: Quarantine) -> ShipmentHoldLifted:
    return ShipmentHoldLifted(shipment_id=of.id, hold_id=quarantine.hold_id, rule=quarantine.rule)
