"""Customs cleared the goods: it counts when every gate before it passes."""

from __future__ import annotations

from orestream.contracts.decision import Accepted, Decision, Refused, Waits, World
from orestream.contracts.export import ClearShipment
from orestream.contracts.shipments import ShipmentCleared
from orestream.export.domain import casework, gates, judging, shipment
from orestream.export.domain.case import Case
from orestream.export.domain.casework import Act
from orestream.export.domain.figures import ExportTables
from orestream.export.domain.shipment import Shipment
from orestream.lots import holding
from orestream.lots.rules import refused


def clear(command: ClearShipment, world: World, tables: ExportTables) -> Decision:
    """Once, before it sails, and not while anything of it is held."""
    cleared = shipment.find(world, command.shipment_id)
    if isinstance(cleared, Waits):
        return cleared
    stopped = (
        shipment.check_here(cleared, "cleared")
        or _check_once(cleared)
        or shipment.check_free(cleared, command.occurred_at, "cleared")
        or holding.check_free(world, cleared.lots, command, "cleared")
    )
    if stopped is not None:
        return stopped
    act = Act("clear", command.occurred_at, cleared, tables.at(command.occurred_at))
    case = casework.gather(world, act, casework.allocated(cleared))
    return case if isinstance(case, Waits) else _judged(command, case)


def _check_once(cleared: Shipment) -> Refused | None:
    if cleared.cleared is None:
        return None
    declared = cleared.cleared.declaration_no
    why = f"shipment {cleared.id} is cleared already, under {declared}; it is cleared once"
    return refused("R21", why, shipment_id=cleared.id, declaration_no=declared)


def _judged(command: ClearShipment, case: Case) -> Decision:
    verdicts = gates.judge(case)
    stopped = judging.refusal(case, verdicts, command)
    if stopped is not None:
        return stopped
    fact = ShipmentCleared(
        shipment_id=command.shipment_id,
        declaration_no=command.declaration_no,
        office=command.office,
        cleared_at=command.cleared_at,
    )
    return Accepted((*judging.checked(case, verdicts), *judging.lifted(case, verdicts), fact))
