"""Processing's pure part: which decision answers which message, and which fact changes what."""

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
    ReceiveLot,
    ReleaseQuarantine,
    SplitLot,
)
from orestream.contracts.message import Command
from orestream.contracts.processing import BatchProcessed, BatchQuarantined, BatchReleased, ProcessBatch
from orestream.lots import evolution, holding, receiving, tasks, telling, verbs
from orestream.lots.rules import R01, refused
from orestream.lots.tables import Tables
from orestream.processing.domain import batch, run


@dataclass(frozen=True, slots=True)
class ProcessingDomain:
    """Processing, as the chassis runs it."""

    tables: Tables
    service: ClassVar[str] = "processing"
    states: ClassVar[Mapping[str, Any]] = MappingProxyType({**evolution.STATES, batch.BATCH: batch.Batch})

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
            case ReceiveLot():
                return receiving.receive(command, world, self.service, self.tables)
            case ProcessBatch():
                return run.process(command, world, self.tables)
            case AssayLot() | SplitLot() | BlendLots() | HoldLot() | LiftHold() | DespatchLot():
                return verbs.decide(command, world, self.service, self.tables)
            case ReleaseQuarantine():
                return self._release(command, world)
            case _:
                asked = type(command).__name__
                why = f"processing has nothing to do with this {asked}; send it to the service that has"
                return refused(R01, why, command=asked)

    def _release(self, command: ReleaseQuarantine, world: World) -> Decision:
        match command:
            case ReleaseQuarantine(batch_id=str(batch_id), lot_id=None, shipment_id=None):
                return batch.release(command, batch_id, world)
            case ReleaseQuarantine(lot_id=str(lot_id), batch_id=None, shipment_id=None):
                return holding.release(command, lot_id, world, self.service)
            case _:
                why = "processing releases one lot or one batch at a time; name it, and nothing else"
                return refused(R01, why, command="ReleaseQuarantine")

    def go_on(self, task: Task, world: World, most: int) -> Continued:
        """The next facts of a task: all that this service leaves to one is telling of holds."""
        return tasks.go_on(task, world, self.service, most)

    def unfinished(self, happened: Happened, world: World) -> Task | None:
        """What a fact leaves to be told of holds."""
        return tasks.unfinished(happened, world, self.service)

    def changes(self, happened: Happened) -> tuple[Ref, ...]:
        """The aggregates that this fact changes."""
        lots = evolution.changes(happened, self.service)
        match happened.fact:
            case BatchProcessed() | BatchQuarantined() | BatchReleased() as fact:
                return (Ref(batch.BATCH, fact.batch_id), *lots)
            case _:
                return lots

    def companions(self, ref: Ref, state: Any | None) -> tuple[Ref, ...]:
        """With a lot its assays and its ancestors."""
        return evolution.companions(ref, state)

    def evolve(self, ref: Ref, state: Any | None, happened: Happened) -> Any:
        """The state of `ref` after this fact."""
        match happened.fact:
            case BatchProcessed() | BatchQuarantined() | BatchReleased() as fact if ref.kind == batch.BATCH:
                return batch.evolve(state, fact)
            case _:
                return evolution.evolve(ref, state, happened, self.service)
