"""The intake: batches, waiting commands, parked records, each in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

from orestream.chassis.errors import BreakerOpen, DatabaseUnavailable
from orestream.chassis.intake import batch as batches
from orestream.chassis.intake import lanes, notices, release, tasks
from orestream.chassis.intake.batch import Batch, Overtaken
from orestream.chassis.intake.breaker import Breaker, Tripped
from orestream.chassis.intake.commit import Locks, lock_first, write
from orestream.chassis.intake.contention import TooMuch, persist
from orestream.chassis.intake.facts import HoleFound
from orestream.chassis.intake.setup import Decode, IntakeLimits, Setup
from orestream.chassis.intake.states import StateCodec, Unwritable
from orestream.chassis.intake.taken import Committed, Moved, Superseded, Taken
from orestream.chassis.intake.unit import Unit
from orestream.chassis.intake.writer import MAX_RECORD_BYTES, TopicOfFact, Writer
from orestream.chassis.records import Fetched, Place, Series
from orestream.chassis.steps import Step, reached
from orestream.chassis.store import lanes as stored_lanes
from orestream.chassis.store import parked, queues
from orestream.chassis.store import tasks as stored_tasks
from orestream.chassis.store.parking import RESERVED_KINDS
from orestream.chassis.store.store import Store
from orestream.chassis.store.transaction import InDoubt
from orestream.contracts.decision import Domain
from orestream.contracts.topics import commands_topic, topic_of_fact

MOST_EXPIRED_AT_ONCE = 50

T = TypeVar("T")
Work = Callable[[Unit], Awaitable[T]]
OnLanes = Callable[[Unit, Sequence[str]], Awaitable[int]]


def _nothing(*_: object) -> None:
    """Nobody is told."""


class Intake:
    """Takes records into one service's database and decides them.

    Several may work on one database, in one process or many. Every method raises `Recoverable` where
    nothing was done and the same may be tried again later, and `Fatal` where an operator is needed.

    Args:
        store: the service's database.
        domain: the service's pure part.
        decode: one record's envelope and message.
        site: part of the topics' names and of `ce_source`.
        partitions: partition count of each topic written to.
        on_commit: called after a commit that wrote to the outbox; wakes the relay.
        observe: told after each commit what it brought about.
        limits: how long commands wait, how much is done at once, when the breaker trips.
        topic_of: the topic of a fact, by service and class name.
        max_record_bytes: of a record, with its headers, that may be published.
    """

    def __init__(
        self,
        store: Store,
        domain: Domain,
        decode: Decode,
        site: str,
        *,
        partitions: Mapping[str, int],
        on_commit: Callable[[], None] = _nothing,
        observe: Callable[[Committed], None] = _nothing,
        limits: IntakeLimits | None = None,
        topic_of: TopicOfFact = topic_of_fact,
        max_record_bytes: int = MAX_RECORD_BYTES,
    ) -> None:
        clash = RESERVED_KINDS.intersection(domain.states)
        if clash:
            raise ValueError(f"the chassis keeps aggregates of kind {', '.join(clash)} itself")
        limits = limits or IntakeLimits()
        writer = Writer(
            domain.service, site, partitions, topic_of=topic_of, max_record_bytes=max_record_bytes
        )
        self._store = store
        self._setup = Setup(
            domain, decode, commands_topic(site, domain.service), writer, StateCodec(domain.states), limits
        )
        self._breaker = Breaker(limits.breaker)
        self._on_commit = on_commit
        self._observe = observe
        self._expected: dict[Series, int] = {}

    async def take(self, records: Sequence[Fetched], places: Mapping[Series, Place]) -> Taken:
        """Take one poll batch in: one transaction (or, among many who change the same, a few).

        Args:
            records: of each partition in order of offsets, following what was taken before.
            places: what the offsets of each partition are kept for, registered already.

        Raises:
            Recoverable: nothing is committed; read the offsets again and seek.
            BreakerOpen: too many facts fail, now or before.
        """
        at = {
            one: places[one]
            for one in {
                Series(*series) for series in {(record.topic, record.partition) for record in records}
            }
        }
        try:
            batch = Batch.of(self._setup, records, await self._expect(at), at)
            moved = await self._take(batch)
        except (Overtaken, InDoubt):
            self.forget(at)
            return Superseded(tuple(sorted(at)))
        except Tripped as tripped:
            self.forget(at)
            self._breaker.reset()
            notices.tripped(tripped)
            await self._store.open_breaker(str(tripped))
            raise BreakerOpen(str(tripped)) from tripped
        except BaseException:
            self.forget(at)
            raise
        self._expected.update({Series(*one): offset for one, offset in moved.next_offsets.items()})
        return moved

    def forget(self, partitions: Mapping[Series, object] | Sequence[Series]) -> None:
        """Read the stored offsets again before the next batch of these."""
        for one in partitions:
            self._expected.pop(one, None)

    async def drain(self) -> bool:
        """Decide waiting commands in lanes that are ready, parked records that may go, and chunks of tasks.

        Returns:
            True where something was done, so that there may be more.
        """
        async with self._store.reading() as transaction:
            keys = await stored_lanes.ready(transaction, self._setup.limits.lanes_at_once)
            free = await parked.movable(transaction, 1)
            open_ = await stored_tasks.some(transaction, 1)
        if keys:
            await self._on_lanes(keys, lanes.drain)
        for key in free:
            await self._again_where_in_doubt(partial(release.release, key=key), divisible=False)
        gone_on = [
            await self._again_where_in_doubt(partial(tasks.go_on, task_id=one), divisible=False)
            for one in open_
        ]
        return bool(keys or free or any(gone_on))

    async def expire(self) -> int:
        """Refuse commands that have waited too long, by the database's clock; how many."""
        limit = int(self._setup.limits.waiting / timedelta(milliseconds=1))
        async with self._store.reading() as transaction:
            keys = await queues.expired(transaction, limit, MOST_EXPIRED_AT_ONCE)
        return await self._on_lanes(keys, lambda unit, some: lanes.expire(unit, some, limit)) if keys else 0

    async def _expect(self, at: Mapping[Series, Place]) -> dict[Series, int]:
        """Where each partition stands: remembered from the last commit, else as stored."""
        expected = {}
        for one, place in at.items():
            offset = self._expected.get(one)
            if offset is None:
                offset = await self._store.next_offset(place)
            if offset is None:
                raise LookupError(f"{one.topic}/{one.partition} was never registered")
            expected[one] = offset
        return expected

    async def _take(self, batch: Batch) -> Moved:
        """Commit a batch, halved where it keeps conflicting, cut short where a fact has been lost."""
        if not batch.moving:
            return batch.moved(ready=False)
        try:
            ready = await self._once(
                lambda unit: batches.take(unit, batch), divisible=len(batch.inbounds) > 1, batch=batch
            )
        except HoleFound as hole:
            return await self._take(batch.without(hole.halt))
        except TooMuch:
            first, rest = batch.halves()
            moved = await self._take(first)
            return (await self._take(rest.after(moved))).with_before(moved)
        return batch.moved(ready=ready)

    async def _on_lanes(self, keys: Sequence[str], work: OnLanes) -> int:
        try:
            return await self._again_where_in_doubt(lambda unit: work(unit, keys), divisible=len(keys) > 1)
        except TooMuch:
            middle = len(keys) // 2
            return await self._on_lanes(keys[:middle], work) + await self._on_lanes(keys[middle:], work)

    async def _again_where_in_doubt(self, work: Work[T], *, divisible: bool) -> T:
        """Work that finds out by itself what is left to do, so that a doubt is only a failure."""
        try:
            return await self._once(work, divisible=divisible)
        except InDoubt as error:
            raise DatabaseUnavailable(str(error)) from error

    async def _once(self, work: Work[T], *, divisible: bool, batch: Batch | None = None) -> T:
        """One piece of work in one transaction, again while others change what it reads."""
        conflicts = 0
        careful = False

        def count() -> None:
            nonlocal conflicts
            conflicts += 1

        async def attempt(locks: Locks, lock: bool) -> T:
            breaker = self._breaker.attempt()
            async with self._store.transaction() as transaction:
                unit = Unit(self._setup, transaction, breaker, careful=careful)
                unit.committed.conflicts = conflicts
                if batch is not None:
                    await batch.move(transaction)
                if lock:
                    await lock_first(unit, locks)
                try:
                    done = await work(unit)
                    await write(unit, locks if lock else None)
                finally:
                    locks.learn(unit)
                await reached(Step.BEFORE_COMMIT)
            await reached(Step.COMMITTED)
            self._breaker.settle(breaker)
            self._tell(unit)
            return done

        try:
            return await persist(attempt, divisible=divisible, on_conflict=count)
        except Unwritable:
            # found at the write, when all is decided: once more, each decision to prove its states by itself
            careful = True
            return await persist(attempt, divisible=divisible, on_conflict=count)

    def _tell(self, unit: Unit) -> None:
        if unit.decisions:
            self._on_commit()
        notices.set_aside([*unit.parked, *unit.marked])
        self._observe(unit.committed)
