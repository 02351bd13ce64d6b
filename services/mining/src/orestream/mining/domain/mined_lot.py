"""A lot's birth at its source: what the weighbridge weighed becomes a quantity with an origin."""

from __future__ import annotations

from orestream.contracts.decision import Decision, Ref, Refused, Waits, World
from orestream.contracts.mining import LotMined, MineLot
from orestream.lots.stock import check_new_ids
from orestream.lots.tables import Tables
from orestream.lots.telling import accepted
from orestream.lots.weighing import Weighed, check_moisture, check_tickets_new, weigh
from orestream.lots.words import check_material
from orestream.mining.domain.source import SOURCE, Source


def mine(command: MineLot, world: World, tables: Tables) -> Decision:
    """Ore becomes a lot; waits for its source."""
    weighed = (
        check_material(command.material, tables.at(command.occurred_at))
        or check_moisture(command.moisture_pct, command.moisture_sigma_pct)
        or weigh(command.tickets, command.moisture_pct)
    )
    if isinstance(weighed, Refused):
        return weighed
    taken = check_tickets_new(command.tickets, world) or check_new_ids([command.lot_id], world)
    if taken is not None:
        return taken
    source: Source | None = world.get(SOURCE, command.source_id)
    if source is None:
        return Waits((Ref(SOURCE, command.source_id),), f"source {command.source_id} is not registered yet")
    facts = [_mined(command, weighed, source)]
    return accepted(world, "mining", facts, command.occurred_at)


def _mined(command: MineLot, weighed: Weighed, source: Source) -> LotMined:
    return LotMined(
        lot_id=command.lot_id,
        material=command.material,
        mineral=command.mineral,
        tickets=command.tickets,
        wet_kg=weighed.wet_kg,
        moisture_pct=command.moisture_pct,
        moisture_sigma_pct=command.moisture_sigma_pct,
        dry_kg=weighed.dry_kg,
        origins=(source.origin,),
        synthetic=source.synthetic,
    )
