"""The lot verbs that mining and processing share, each with what decides it."""

from __future__ import annotations

from orestream.contracts.decision import Decision, World
from orestream.contracts.lots import AssayLot, BlendLots, DespatchLot, HoldLot, LiftHold, SplitLot
from orestream.lots.assaying import assay
from orestream.lots.blending import blend
from orestream.lots.despatching import despatch
from orestream.lots.holding import hold, lift
from orestream.lots.splitting import split
from orestream.lots.tables import Tables

LotVerb = AssayLot | SplitLot | BlendLots | HoldLot | LiftHold | DespatchLot


def decide(command: LotVerb, world: World, service: str, tables: Tables) -> Decision:
    """What becomes of a lot verb in either service."""
    match command:
        case AssayLot():
            return assay(command, world, service, tables)
        case SplitLot():
            return split(command, world, service, tables)
        case BlendLots():
            return blend(command, world, service, tables)
        case HoldLot():
            return hold(command, world, service, tables)
        case LiftHold():
            return lift(command, world, service, tables)
        case DespatchLot():
            return despatch(command, world, service, tables)
