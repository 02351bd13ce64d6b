"""Check-in weighing of a lot where it was despatched to, and what became of it on the way (R08)."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from orestream.contracts.decision import Accepted, Decision, Ref, Refused, Waits, World
from orestream.contracts.lots import LotReceived, ReceiveLot
from orestream.lots.holding import quarantined
from orestream.lots.rules import R04, R08, refused
from orestream.lots.state import LOT, Early, Expected, Lot
from orestream.lots.tables import RuleTable, Tables
from orestream.lots.telling import accepted
from orestream.lots.weighing import Weighed, check_moisture, check_tickets_new, weigh
from orestream.metallurgy.quantities import HUNDRED, exactly, kg, total_kg

Verdict = Literal["partial", "transit-loss", "transit-gain", "exact", "beyond-franchise"]


def receive(command: ReceiveLot, world: World, service: str, tables: Tables) -> Decision:
    """A lot, or a part of it, is weighed in; at the last part its dry mass is held against the despatch."""
    weighed = check_moisture(command.moisture_pct, command.moisture_sigma_pct) or weigh(
        command.tickets, command.moisture_pct
    )
    if isinstance(weighed, Refused):
        return weighed
    used = check_tickets_new(command.tickets, world)
    if used is not None:
        return used
    lot = _expected(world, command.lot_id)
    if not isinstance(lot, Expected):
        return lot
    fact = _received(command, lot, weighed, tables.at(command.occurred_at))
    if fact.verdict != "beyond-franchise":
        return Accepted((fact,))
    franchise = tables.at(command.occurred_at).figure("receipt_franchise_pct")
    why = (
        f"{lot.id}: received {fact.total_dry_kg} kg dry of {fact.despatched_dry_kg} despatched;"
        f" {fact.difference_dry_kg} kg is beyond the franchise of {franchise} %"
    )
    facts = [fact, quarantined(command, lot.id, R08, why)]
    details = {"difference_dry_kg": str(fact.difference_dry_kg), "franchise_pct": str(franchise)}
    return accepted(world, service, facts, command.occurred_at, rule=R08, message=why, details=details)


def _expected(world: World, lot_id: str) -> Expected | Waits | Refused:
    lot: Lot | None = world.get(LOT, lot_id)
    if lot is None or isinstance(lot, Early):
        return Waits((Ref(LOT, lot_id),), f"{lot_id} has not been despatched here yet")
    if isinstance(lot, Expected):
        return lot
    return refused(R04, f"{lot_id} is here already, completely; it is not received again", lot_id=lot_id)


def _received(command: ReceiveLot, lot: Expected, weighed: Weighed, rules: RuleTable) -> LotReceived:
    total_wet = total_kg((lot.received_wet_kg, weighed.wet_kg))
    total_dry = total_kg((lot.received_dry_kg, weighed.dry_kg))
    difference = total_dry - lot.despatched_dry_kg if command.complete else None
    return LotReceived(
        lot_id=lot.id,
        place=command.place,
        tickets=command.tickets,
        wet_kg=weighed.wet_kg,
        moisture_pct=command.moisture_pct,
        moisture_sigma_pct=command.moisture_sigma_pct,
        dry_kg=weighed.dry_kg,
        complete=command.complete,
        total_wet_kg=total_wet,
        total_dry_kg=total_dry,
        despatched_dry_kg=lot.despatched_dry_kg,
        difference_dry_kg=difference,
        verdict=_verdict(difference, lot.despatched_dry_kg, rules),
        rules_version=rules.version,
    )


@exactly
def _verdict(difference: Decimal | None, despatched: Decimal, rules: RuleTable) -> Verdict:
    if difference is None:
        return "partial"
    if abs(difference) > kg(despatched * rules.figure("receipt_franchise_pct") / HUNDRED):
        return "beyond-franchise"
    if difference == 0:
        return "exact"
    return "transit-loss" if difference < 0 else "transit-gain"
