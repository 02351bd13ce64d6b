"""A quantity of a received lot is meant for a contract of the shipment: it is drawn from the stock."""

from __future__ import annotations

from orestream.contracts.decision import Accepted, Decision, Happened, Refused, Waits, World
from orestream.contracts.export import AllocateLot
from orestream.contracts.shipments import ShipmentLotAllocated
from orestream.export.domain import casework, judging, shipment
from orestream.export.domain.casework import Act, Quantity
from orestream.export.domain.figures import ExportTables, Rulebook
from orestream.export.domain.gates import terms
from orestream.export.domain.shipment import Shipment
from orestream.lots import holding, stock
from orestream.lots.rules import R04, refused
from orestream.lots.state import InStock, Lot
from orestream.lots.stock import Draw
from orestream.lots.stockfacts import taken
from orestream.lots.weighing import check_mass
from orestream.metallurgy.quantities import ZERO


def allocate(command: AllocateLot, world: World, tables: ExportTables) -> Decision:
    """Never more than there is (R03), never of what is held (R30), within the contract or waived (R28)."""
    rules = tables.at(command.occurred_at)
    wrong = check_mass(command.lot_id, command.wet_kg)
    if wrong is not None:
        return wrong
    to = shipment.find(world, command.shipment_id)
    if isinstance(to, Waits):
        return to
    closed = _check_contract(command, to) or shipment.check_here(to, "allocated to")
    if closed is not None:
        return closed
    drawn = _draw(command, world, rules)
    if not isinstance(drawn, tuple):
        return drawn
    lot, draw = drawn
    held = shipment.check_free(to, command.occurred_at, "allocated to") or holding.check_free(
        world, [lot.id], command, "allocated"
    )
    if held is not None:
        return held
    return _judged(command, world, Act("allocate", command.occurred_at, to, rules), lot, draw)


def _check_contract(command: AllocateLot, to: Shipment) -> Refused | None:
    if command.contract_id in to.contracts:
        return None
    why = f"shipment {to.id} is under {', '.join(to.contracts)}, not under {command.contract_id}"
    return refused(R04, why, contract_id=command.contract_id)


def _draw(command: AllocateLot, world: World, rules: Rulebook) -> tuple[InStock, Draw] | Waits | Refused:
    lots = stock.find_stock(world, [command.lot_id])
    if isinstance(lots, Refused | Waits):
        return lots
    lot = lots[command.lot_id]
    draws = stock.draw(lot, [command.wet_kg], rules.common)
    return draws if isinstance(draws, Refused) else (lot, draws[0])


def _judged(command: AllocateLot, world: World, act: Act, lot: InStock, draw: Draw) -> Decision:
    more = Quantity(lot.id, command.contract_id, draw.wet_kg, draw.dry_kg)
    case = casework.gather(world, act, (*casework.allocated(act.shipment), more))
    if isinstance(case, Waits):
        return case
    gates = (terms.judge(case),)
    stopped = judging.refusal(case, gates, command)
    if stopped is not None:
        return stopped
    return Accepted((_allocated(command, lot, draw), *judging.lifted(case, gates)))


def _allocated(command: AllocateLot, lot: InStock, draw: Draw) -> ShipmentLotAllocated:
    return ShipmentLotAllocated(
        shipment_id=command.shipment_id,
        contract_id=command.contract_id,
        lot_id=lot.id,
        material=lot.material,
        wet_kg=draw.wet_kg,
        dry_kg=draw.dry_kg,
        origins=lot.origins,
        difference_dry_kg=draw.difference_dry_kg,
    )


def evolve_lot(lot: Lot | None, happened: Happened) -> Lot | None:
    """The stock after an allocation."""
    match happened.fact:
        case ShipmentLotAllocated() as fact:
            return taken(lot, fact.lot_id, fact.dry_kg - (fact.difference_dry_kg or ZERO))
        case _:
            return lot
