"""One database transaction's working memory: everything read, everything to be written.

Records are decided one after another against it, so that later ones see what earlier ones changed. What a
version guards is read after it: lanes before command ids and queues, aggregates before their waiters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from orestream.chassis.errors import BreakerOpen
from orestream.chassis.intake.breaker import Attempted
from orestream.chassis.intake.inbound import read_command
from orestream.chassis.intake.judge import Foreseen, Judged
from orestream.chassis.intake.lane import Lane, Waiter
from orestream.chassis.intake.leaving import opened
from orestream.chassis.intake.setup import Setup
from orestream.chassis.intake.taken import Committed
from orestream.chassis.intake.writer import Cause
from orestream.chassis.store import aggregates, answers, lanes, parking, queues
from orestream.chassis.store.aggregates import Stored
from orestream.chassis.store.answers import Remembered
from orestream.chassis.store.outbox import Entry
from orestream.chassis.store.parked import Parked
from orestream.chassis.store.parking import PARKED_KIND, PARKING, Parking
from orestream.chassis.store.queues import Queued
from orestream.chassis.store.received import Source
from orestream.chassis.store.tasks import OpenTask
from orestream.chassis.store.transaction import Transaction
from orestream.contracts.decision import Ref


class Unit:
    """What one transaction knows and will write."""

    def __init__(
        self, setup: Setup, transaction: Transaction, breaker: Attempted, *, careful: bool = False
    ) -> None:
        self.setup = setup
        self.transaction = transaction
        self.breaker = breaker
        self.careful = careful
        """True where each decision has to prove that its states can be stored, which costs time."""
        self.committed = Committed()

        self.versions: dict[Ref, int | None] = {}
        """As read; None where there is no row."""
        self.states: dict[Ref, Any | None] = {}
        """As they are by now, within this transaction."""
        self.asked: set[Ref] = set()
        self.changed: set[Ref] = set()
        self.raised: set[Ref] = set()
        """Waited for: their versions rise though their states stay."""
        self.waiters: defaultdict[Ref, set[str]] = defaultdict(set)

        self.lanes: dict[str, Lane] = {}
        self.woken: set[str] = set()
        """Lanes to be marked ready that were not read here."""
        self.queued: list[Queued] = []
        self.left: list[tuple[str, int]] = []
        self.needs: dict[tuple[str, int], frozenset[Ref]] = {}

        self.answers: dict[str, Remembered] = {}
        self.remembered: dict[str, Remembered] = {}
        """Command ids that are new."""
        self.finished: dict[str, Remembered] = {}
        """Command ids that waited and have their answer now."""

        self.parking = Parking()
        self.parked: list[Parked] = []
        self.marked: list[Parked] = []
        self.unparked: list[int] = []
        self.received: dict[Source, int] = {}
        self.foreseen: dict[int, Foreseen] = {}
        """Decisions made ahead, by `id` of their record."""
        self.left_tasks: list[OpenTask] = []
        """What decisions made here leave for later."""
        self.continued: list[tuple[OpenTask, OpenTask | None]] = []
        """Tasks before and after their chunk; None where nothing is left."""
        self.decisions: list[Sequence[Entry]] = []
        """The records of each, visible together or not at all."""

    async def load(self, refs: Iterable[Ref]) -> Collection[Ref]:
        """Read aggregates that are not loaded yet, with their companions, then who waits for them."""
        loaded: set[Ref] = set()
        missing = {ref for ref in refs if ref not in self.versions}
        while missing:
            stored = await aggregates.read(self.transaction, missing)
            for ref in missing:
                row = stored.get(ref)
                self.versions[ref] = row.version if row else None
                self.states[ref] = self._read(ref, row) if row else None
            loaded |= missing
            missing = self._companions(missing)
        for ref, keys in (await queues.waiters(self.transaction, loaded)).items():
            self.waiters[ref] |= keys
        return loaded

    def _companions(self, refs: Iterable[Ref]) -> set[Ref]:
        """What is mostly asked for next and not loaded yet."""
        domain = self.setup.domain
        return {
            companion
            for ref in refs
            if ref.kind in domain.states
            for companion in domain.companions(ref, self.states[ref])
            if companion not in self.versions
        }

    async def load_parking(self, refs: Iterable[Ref] = ()) -> None:
        """Read what is parked, since every decision depends on it, and with it some aggregates.

        Raises:
            BreakerOpen: the service has stopped itself.
        """
        await self.load([PARKING, *refs])
        self.asked.add(PARKING)
        if self.parking.breaker is not None:
            raise BreakerOpen(self.parking.breaker)

    async def load_lanes(self, keys: Collection[str]) -> None:
        """Read lanes, then the heads of their queues."""
        rows = await lanes.read(self.transaction, keys)
        heads = await queues.heads(self.transaction, rows)
        for key in keys:
            row = rows.get(key)
            self.lanes[key] = (
                Lane(key, row.version, row.ready, row.next_place, heads.get(key)) if row else Lane(key, 0)
            )

    async def load_queues(self) -> None:
        """Read the queues of all lanes, which are read already, and what is known of their commands."""
        waiting = await queues.whole(self.transaction, self.lanes)
        for key, queue in waiting.items():
            self.lanes[key].queue = [Waiter(q.place, read_command(self.setup, q.record)) for q in queue]
        await self.load_answers([q.command_id for queue in waiting.values() for q in queue])

    async def load_answers(self, command_ids: Collection[str]) -> None:
        """Read what is known of command ids; after the lanes."""
        self.answers.update(await answers.read(self.transaction, command_ids))

    def apply(self, judged: Judged, *, answer: Entry | None = None) -> None:
        """A decision takes effect: states, records, and lanes whose waits may be over."""
        self.asked.update(judged.asked)
        for ref, state in judged.states.items():
            self.states[ref] = state
            self.touch(ref)
        self.publish([*judged.entries, answer] if answer else judged.entries)
        self.committed.facts.extend(judged.facts)

    def leave(self, cause: Cause, judged: Judged) -> None:
        """What a decision leaves for later is kept with it."""
        if judged.task is not None:
            # the answer, where there is one, has the index after the facts
            task = opened(self.setup.writer.source, cause, judged.task, len(judged.facts) + 1)
            self.left_tasks.append(task)

    def touch(self, ref: Ref) -> None:
        """A row changes: so do the lanes of whoever waits for it."""
        self.changed.add(ref)
        self.wake(ref)

    def wake(self, ref: Ref) -> None:
        """Mark the lanes ready that wait for a row."""
        for key in self.waiters.get(ref, ()):
            lane = self.lanes.get(key)
            if lane is None:
                self.woken.add(key)
            else:
                lane.set_ready(True)

    def publish(self, entries: Sequence[Entry]) -> None:
        """Records of one decision, visible together or not at all."""
        if entries:
            self.decisions.append(entries)

    def remember(self, answer: Remembered) -> None:
        """A command id has an answer: its first, or its final one after waiting."""
        known = self.answers.get(answer.command_id)
        if known is None or answer.command_id in self.remembered:
            self.remembered[answer.command_id] = answer
        else:
            self.finished[answer.command_id] = answer
        self.answers[answer.command_id] = answer

    def set_parking(self, parking_: Parking) -> None:
        """What is parked changes."""
        self.parking = parking_
        self.changed.add(PARKING)

    @property
    def refs(self) -> set[Ref]:
        """Every row this transaction depends on."""
        return self.asked | self.changed | self.raised

    @property
    def lane_keys(self) -> set[str]:
        """Every lane this transaction depends on."""
        return self.woken | self.lanes.keys()

    def text_of(self, ref: Ref) -> tuple[int, str]:
        """Format and text of a changed row."""
        if ref == PARKING:
            return parking.FORMAT, parking.dump(self.parking)
        return self.setup.codec.write(self.states[ref])

    def _read(self, ref: Ref, row: Stored) -> Any | None:
        if ref == PARKING:
            self.parking = parking.load(row)
            return self.parking
        return None if ref.kind == PARKED_KIND else self.setup.codec.read(ref.kind, row)
