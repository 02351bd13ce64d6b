"""The vessel sailed: only after clearance, past every gate once more; the fact tells what is on board."""

from __future__ import annotations

from orestream.contracts.decimals import write_time
from orestream.contracts.decision import Accepted, Decision, Refused, Waits, World
from orestream.contracts.export import DispatchShipment
from orestream.contracts.shipments import ShipmentBlocked, ShipmentDispatched, ShippedLot
from orestream.export.domain import casework, gates, judging, recalls, shipment
from orestream.export.domain.case import Cargo, Case
from orestream.export.domain.casework import Act, Quantity
from orestream.export.domain.figures import ExportTables
from orestream.export.domain.shipment import Shipment
from orestream.lots import holding
from orestream.metallurgy.grades import Grade, contained_kg
from orestream.metallurgy.quantities import kg, total_kg

R21 = "R21"


def dispatch(command: DispatchShipment, world: World, tables: ExportTables) -> Decision:
    """A sailing without clearance is refused and recorded, not hidden; it blocks nothing later."""
    found = shipment.find(world, command.shipment_id)
    if isinstance(found, Waits):
        return found
    stopped = shipment.check_here(found, "dispatched") or _check_cleared(command, found)
    if stopped is not None:
        return stopped
    quantities = casework.packed(found)
    lot_ids = tuple(dict.fromkeys(quantity.lot_id for quantity in quantities))
    held = shipment.check_free(found, command.occurred_at, "dispatched") or holding.check_free(
        world, lot_ids, command, "dispatched"
    )
    if held is not None:
        return held
    rules = tables.at(command.occurred_at)
    act = Act("dispatch", command.occurred_at, found, rules, command.vessel.imo)
    case = casework.gather(world, act, quantities)
    return case if isinstance(case, Waits) else _judged(command, world, case, quantities)


def _check_cleared(command: DispatchShipment, found: Shipment) -> Refused | None:
    if found.cleared is not None and found.cleared.cleared_at <= command.sailed_at:
        return None
    sailed_at = write_time(command.sailed_at)
    why = f"{command.vessel.name} sailed at {sailed_at} with shipment {found.id}, which was not cleared"
    blocked = ShipmentBlocked(
        shipment_id=found.id,
        rule=R21,
        step="dispatch",
        reason=why,
        violation=True,
        vessel=command.vessel,
        sailed_at=command.sailed_at,
    )
    details = {"vessel": command.vessel.name, "imo": command.vessel.imo, "sailed_at": sailed_at}
    return Refused(R21, f"{why}; recorded as a violation", details, (blocked,))


def _judged(
    command: DispatchShipment, world: World, case: Case, quantities: tuple[Quantity, ...]
) -> Decision:
    verdicts = gates.judge(case)
    stopped = judging.refusal(case, verdicts, command)
    if stopped is not None:
        return stopped
    sailed = _sailed(command, case, quantities)
    return Accepted(
        (
            *judging.checked(case, verdicts),
            *judging.lifted(case, verdicts),
            sailed,
            *recalls.at_sailing(world, sailed),
        )
    )


def _sailed(command: DispatchShipment, case: Case, quantities: tuple[Quantity, ...]) -> ShipmentDispatched:
    of, cargo = case.shipment, {one.lot_id: one for one in case.cargo}
    return ShipmentDispatched(
        shipment_id=of.id,
        vessel=command.vessel,
        voyage=command.voyage,
        bill_of_lading=command.bill_of_lading,
        sailed_at=command.sailed_at,
        from_port=of.from_port,
        to_port=of.to_port,
        consignee=of.consignee,
        containers=tuple(container.container_no for container in of.containers),
        lots=tuple(_shipped(quantity, cargo[quantity.lot_id]) for quantity in quantities),
        wet_kg=total_kg(quantity.wet_kg for quantity in quantities),
        dry_kg=total_kg(quantity.dry_kg for quantity in quantities),
        synthetic=of.synthetic or any(one.synthetic for one in case.cargo),
    )


def _shipped(quantity: Quantity, cargo: Cargo) -> ShippedLot:
    return ShippedLot(
        lot_id=quantity.lot_id,
        contract_id=quantity.contract_id,
        material=cargo.material,
        wet_kg=quantity.wet_kg,
        dry_kg=quantity.dry_kg,
        contained_kg={
            analyte: kg(contained_kg(quantity.dry_kg, grade))
            for analyte, grade in cargo.grades.items()
            if isinstance(grade, Grade) and grade.unit != "Bq/g"
        },
        certificate=cargo.certificates[0] if len(cargo.certificates) == 1 else None,
        origins=cargo.origins,
    )
