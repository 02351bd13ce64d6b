"""Takes one record after another back, in one transaction's memory: nothing is decided, nothing published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from orestream.chassis.errors import Irreconcilable
from orestream.chassis.intake import facts, parking
from orestream.chassis.intake.inbound import CommandIn, FactIn, read_command, read_fact
from orestream.chassis.intake.judge import fold
from orestream.chassis.intake.leaving import opened
from orestream.chassis.intake.release import set_free
from orestream.chassis.intake.unit import Unit
from orestream.chassis.intake.view import Unloaded, View, checked
from orestream.chassis.intake.writer import Cause
from orestream.chassis.records import Fetched, Series
from orestream.chassis.recovery import rows
from orestream.chassis.recovery.order import parse_place
from orestream.chassis.recovery.standing import header
from orestream.chassis.store import parked
from orestream.chassis.store.answers import Remembered
from orestream.chassis.store.parked import Parked
from orestream.chassis.store.queues import Queued
from orestream.contracts.decision import Happened, Ref
from orestream.contracts.outcome import CommandAnswered

WAITING = "waiting"


@dataclass(slots=True)
class TakenBack:
    """What came back, counted."""

    own_facts: int = 0
    facts_read: int = 0
    outcomes: int = 0
    notices: int = 0
    waiting: int = 0
    parked: int = 0
    tasks: int = 0
    commands_read: int = 0


@dataclass(slots=True)
class Folding:
    """One recovery's memory beside its unit.

    Args:
        unit: of the one transaction.
        aside: places of facts that were set aside when they came: they count only when they are released.
        finals: commands that have their final answer among what is taken back.
        originals: records of the inputs by their place, for what waits or is set aside.
    """

    unit: Unit
    aside: frozenset[tuple[Series, int]]
    finals: frozenset[str]
    originals: Mapping[tuple[Series, int], Fetched]
    done: TakenBack = field(default_factory=TakenBack)
    caused: Counter[str] = field(default_factory=Counter)
    """Own facts by the message they follow from."""
    folded: list[tuple[Happened, Cause]] = field(default_factory=list)
    """What may have left more to be told, and whose it would be."""
    queue: list[CommandAnswered] = field(default_factory=list)
    """Answers of commands that still wait."""
    early: list[tuple[Fetched, tuple[Series, int]]] = field(default_factory=list)
    """Notices of records behind a key whose own notice has not come yet: one transaction wrote both."""

    async def fact_read(self, record: Fetched, from_start: set[Series]) -> None:
        """Another service's fact that had been read: it counts, unless it was set aside."""
        inbound = read_fact(self.unit.setup, record)
        if not facts.next_in_sequence(self.unit, inbound, from_start):
            return
        self.done.facts_read += 1
        if isinstance(inbound, FactIn) and _place(record) not in self.aside:
            await self._fold(inbound.happened, inbound.cause)

    async def own_fact(self, record: Fetched) -> None:
        """A fact that this service has published."""
        envelope, message = self.unit.setup.decode(record.key, record.headers, record.value)
        happened = Happened(message, envelope.time, envelope.source, envelope.id, envelope.correlation_id)  # type: ignore[arg-type] # what stands on a fact topic under our name is a fact of ours
        self.caused[envelope.causation_id or ""] += 1
        self.done.own_facts += 1
        await self._fold(happened, Cause.of(envelope))

    async def outcome(self, record: Fetched) -> None:
        """An answer: the command id counts from now on; what still waits is queued again."""
        answer = CommandAnswered.read(record.value or b"")
        self.done.outcomes += 1
        if answer.repeat or answer.conflict:
            return
        if answer.status == WAITING and answer.command_id in self.finals:
            return
        assert record.value is not None
        unit = self.unit
        await unit.load_answers([answer.command_id])
        known = unit.answers.get(answer.command_id)
        if known is not None and (known.status != WAITING or answer.status == WAITING):
            return
        unit.remember(Remembered(answer.command_id, answer.digest, answer.status, record.value.decode()))
        if answer.status == WAITING:
            self.queue.append(answer)
        elif known is not None:
            await self._leave_queue(answer.command_id)

    async def notice(self, record: Fetched) -> None:
        """A record was set aside, tried again in vain, released or discarded."""
        self.done.notices += 1
        at = parse_place(header(record.headers, "orestream_input"))
        type_ = header(record.headers, "ce_type")
        if at is None:
            raise Irreconcilable(f"{record.at} is a notice about no place that can be read")
        if type_ != parking.PARKED:
            await self._park_early()
        stays = await rows.parked_at(self.unit.transaction, at)
        if type_ == parking.PARKED:
            await self._park(record, at, stays)
        elif stays is None:
            raise Irreconcilable(f"{record.at} is about {at}, which is not set aside here")
        else:
            await self._unpark(stays, decided=type_ == parking.RELEASED)

    async def waits(self) -> None:
        """Commands that still wait are queued again, those of one key in the order they were sent in."""
        await self._park_early()
        for answer in sorted(self.queue, key=lambda a: (a.input.topic, a.input.partition, a.input.offset)):
            await self._queue(answer)

    async def unfinished(self) -> None:
        """What decisions had left to be told, and is not visible: as tasks again."""
        unit = self.unit
        for happened, cause in self.folded:
            task = None
            while True:
                try:
                    task = View(unit.states, ()).run(unit.setup.domain.unfinished, happened)
                    break
                except Unloaded as unloaded:
                    missing = unloaded.refs
                await unit.load(missing)
            if task is not None:
                index = self.caused[cause.id] + 1
                unit.left_tasks.append(opened(unit.setup.writer.source, cause, task, index))
                self.done.tasks += 1

    async def _fold(self, happened: Happened, cause: Cause) -> None:
        unit = self.unit
        refs = [checked(ref) for ref in unit.setup.domain.changes(happened)]
        await unit.load(refs)
        for ref, state in fold(unit.setup.domain, (happened,), unit.states, ()).items():
            if state is None:
                raise Irreconcilable(f"{type(happened.fact).__name__} {happened.id} leaves nothing of {ref}")
            unit.states[ref] = state
            unit.touch(ref)
        self.folded.append((happened, cause))

    async def _queue(self, answer: CommandAnswered) -> None:
        """Ready at once: whoever drains the lane finds out what it waits for."""
        at = Series(answer.input.topic, answer.input.partition), answer.input.offset
        record = self.originals.get(at)
        inbound = None if record is None else read_command(self.unit.setup, record)
        if not isinstance(inbound, CommandIn):
            raise Irreconcilable(f"command {answer.command_id} waits, but it is gone from {at[0]} at {at[1]}")
        unit = self.unit
        if inbound.key not in unit.lanes:
            await unit.load_lanes([inbound.key])
        lane = unit.lanes[inbound.key]
        unit.queued.append(Queued(lane.key, lane.take_place(), answer.command_id, inbound.record))
        lane.set_ready(True)
        self.done.waiting += 1

    async def _leave_queue(self, command_id: str) -> None:
        unit = self.unit
        for key, place in (await rows.waiting(unit.transaction, [command_id])).values():
            if key not in unit.lanes:
                await unit.load_lanes([key])
            unit.lanes[key].set_ready(True)
            unit.left.append((key, place))

    async def _park(
        self, notice: Fetched, at: tuple[Series, int], stays: Parked | None, *, last: bool = False
    ) -> None:
        reason = parking.storable(header(notice.headers, "orestream_reason"))
        attempts = int(header(notice.headers, "orestream_attempts"))
        unit = self.unit
        if stays is not None:
            again = Parked(stays.place, stays.key, stays.record, reason, attempts, None)
            await parked.mark(unit.transaction, [again])
            return
        record = self.originals.get(at)
        if record is None:
            raise Irreconcilable(f"{notice.at} is about {at}, which is gone")
        behind = reason.removeprefix("behind ") if attempts == 0 else None
        key = header(notice.headers, "ce_subject")
        if behind is not None and behind not in unit.parking.keys and not last:
            self.early.append((notice, at))
            return
        one = Parked(unit.parking.next_place, key, record, reason, attempts, behind)
        unit.set_parking(unit.parking.with_one_more(key))
        await parked.insert(unit.transaction, [one])
        self.done.parked += 1
        early, self.early = self.early, []
        for other in early:
            await self._park(*other, None)

    async def _park_early(self) -> None:
        """What is still early follows a key that is not set aside: the service will try it."""
        early, self.early = self.early, []
        for other in early:
            await self._park(*other, None, last=True)

    async def _unpark(self, stays: Parked, *, decided: bool) -> None:
        unit = self.unit
        await parked.delete(unit.transaction, [stays.place])
        unit.set_parking(unit.parking.with_one_less(stays.key))
        inbound = read_fact(unit.setup, stays.record)
        if decided and isinstance(inbound, FactIn):
            await self._fold(inbound.happened, inbound.cause)
        if stays.key not in unit.parking.keys:
            await set_free(unit, stays.key)

    async def preload(self, records: Iterable[Fetched]) -> None:
        """Load what many records change, and the command ids they answer, in few queries."""
        refs: set[Ref] = set()
        answered: set[str] = set()
        for record in records:
            if header(record.headers, "ce_type") == CommandAnswered.TYPE:
                answered.add((record.key or b"").decode("utf-8", "replace"))
                continue
            inbound = read_fact(self.unit.setup, record)
            if isinstance(inbound, FactIn):
                refs.update(self.unit.setup.domain.changes(inbound.happened))
        await self.unit.load_answers(answered)
        await self.unit.load(refs)


def _place(record: Fetched) -> tuple[Series, int]:
    return Series(record.topic, record.partition), record.offset
