"""Mining's pure part: which decision answers which message, and which fact changes what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar

from orestream.contracts.decision import (
    Asked,
    Continued,
    Decision,
    Happened,
    Incoming,
    Ref,
    Task,
    World,
)
from orestream.contracts.lots import (
    AssayLot,
    BlendLots,
    DespatchLot,
    HoldLot,
    LiftHold,
    ReleaseQuarantine,
    SplitLot,
)
from orestream.contracts.message import Command
from orestream.contracts.mining import MineLot, RegisterSource, SourceRegistered
from orestream.lots import evolution, holding, tasks, telling, verbs
from orestream.lots.rules import R01, refused
from orestream.lots.tables import Tables
from orestream.mining.domain import mined_lot, source


@dataclass(frozen=True, slots=True)
class MiningDomain:
    """Mining, as the chassis runs it."""

    tables: Tables
    service: ClassVar[str] = "mining"
    states: ClassVar[Mapping[str, Any]] = MappingProxyType({**evolution.STATES, source.SOURCE: source.Source})

    def rules_version(self, at: datetime) -> str:
        """The version of the rule table in force at that time."""
        return self.tables.at(at).version

    def decide(self, incoming: Incoming, world: World) -> Decision:
        """What follows from this message in this world."""
        match incoming:
            case Asked(command=command):
                return self._answer(command, world)
            case Happened():
                return telling.follow(world, self.service, incoming)

    def _answer(self, command: Command, world: World) -> Decision:
        match command:
            case RegisterSource():
                return source.register(command, world)
            case MineLot():
                return mined_lot.mine(command, world, self.tables)
            case AssayLot() | SplitLot() | BlendLots() | HoldLot() | LiftHold() | DespatchLot():
                return verbs.decide(command, world, self.service, self.tables)
            case ReleaseQuarantine(lot_id=str(lot_id)):
                return holding.release(command, lot_id, world, self.service)
            case _:
                asked = type(command).__name__
                why = f"mining has nothing to do with this {asked}; send it to the service that has"
                return refused(R01, why, command=asked)

    def go_on(self, task: Task, world: World, most: int) -> Continued:
        """The next facts of a task: all that this service leaves to one is telling of holds."""
        return tasks.go_on(task, world, self.service, most)

    def unfinished(self, happened: Happened, world: World) -> Task | None:
        """What a fact leaves to be told of holds."""
        return tasks.unfinished(happened, world, self.service)

    def changes(self, happened: Happened) -> tuple[Ref, ...]:
        """The aggregates that this fact changes."""
        if isinstance(happened.fact, SourceRegistered):
            return (Ref(source.SOURCE, happened.fact.source_id),)
        return evolution.changes(happened, self.service)

    def companions(self, ref: Ref, state: Any | None) -> tuple[Ref, ...]:
        """With a lot its assays and its ancestors."""
        return evolution.companions(ref, state)

    def evolve(self, ref: Ref, state: Any | None, happened: Happened) -> Any:
        """The state of `ref` after this fact."""
        if ref.kind == source.SOURCE:
            return source.evolve(state, happened)
        return evolution.evolve(ref, state, happened, self.service)
