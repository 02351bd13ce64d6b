"""Parts of a lot become lots of their own (R03, R04)."""

from __future__ import annotations

from decimal import Decimal

from orestream.contracts.decision import Decision, Refused, Waits, World
from orestream.contracts.lots import LotSplit, SplitLot
from orestream.contracts.parts import Parent
from orestream.lots.results import DryResults, results_at
from orestream.lots.state import InStock
from orestream.lots.stock import Draw, check_new_ids, draw, own_stock
from orestream.lots.tables import Tables
from orestream.lots.telling import accepted
from orestream.lots.weighing import check_masses


def split(command: SplitLot, world: World, service: str, tables: Tables) -> Decision:
    """Parts become lots; the rest stays in the parent."""
    wrong = check_masses(command.parts)
    if wrong is not None:
        return wrong
    parent = own_stock(world, command.lot_id)
    if isinstance(parent, Waits):
        return parent
    taken = check_new_ids([part.lot_id for part in command.parts], world)
    if taken is not None:
        return taken
    if isinstance(parent, Refused):
        return parent
    draws = draw(parent, [part.wet_kg for part in command.parts], tables.at(command.occurred_at))
    if isinstance(draws, Refused):
        return draws
    inherits = results_at(world, parent, command.occurred_at)
    pairs = list(zip(command.parts, draws, strict=True))
    facts = [one.fact("split", part.lot_id) for part, one in pairs]
    births = [_child(part.lot_id, parent, one, inherits) for part, one in pairs]
    return accepted(world, service, [*facts, *births], command.occurred_at)


def _child(lot_id: str, parent: InStock, drawn: Draw, inherits: DryResults) -> LotSplit:
    return LotSplit(
        lot_id=lot_id,
        material=parent.material,
        mineral=parent.mineral,
        wet_kg=drawn.wet_kg,
        moisture_pct=parent.moisture_pct,
        dry_kg=drawn.dry_kg,
        results=inherits.results,
        certificates=inherits.certificates,
        parents=(Parent(lot_id=parent.id, dry_kg=drawn.dry_kg, share=Decimal(1)),),
        origins=parent.origins,
        synthetic=parent.synthetic,
    )
