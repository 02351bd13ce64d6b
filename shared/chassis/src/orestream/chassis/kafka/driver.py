"""Drives the intake with polled batches, and keeps every partition where the database says.

Promise: nothing raised by a batch ever reaches the subscription, which would log it and fetch on. A
passing failure pauses the partitions, backs off, reads the offsets again and seeks; a failure that
needs an operator stops the service.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from time import monotonic, time
from typing import Protocol

from orestream.chassis.backoff import Backoff
from orestream.chassis.errors import Fatal, LogOutOfRange, Recoverable
from orestream.chassis.health import Progress
from orestream.chassis.intake.taken import Halt, Moved, Superseded, Taken
from orestream.chassis.kafka.assignment import Assignment, Polled
from orestream.chassis.kafka.connection import UNREACHABLE
from orestream.chassis.logs import Event, bound, logger
from orestream.chassis.metrics import Metrics
from orestream.chassis.records import Fetched, Place, Series
from orestream.chassis.resting import until

log = logger(__name__)

REVOCATION = 3.0
"""Seconds a rebalance waits for the transaction in flight; the offsets fence it if it takes longer."""
SHRUNK = 15.0
"""Seconds a log may end before the stored offset: a new leader may lag for a moment."""


class Taker(Protocol):
    """The intake, as driven here."""

    async def take(self, batch: Sequence[Fetched], places: Mapping[Series, Place]) -> Taken:
        """One database transaction. Raises Recoverable and Fatal."""


class Offsets(Protocol):
    """The stored offsets."""

    async def next_offset(self, place: Place) -> int | None:
        """The offset that comes next; None where nothing was ever taken."""

    async def register_place(self, place: Place, at: int) -> None:
        """Begin there, unless somebody has begun meanwhile."""


class Log(Protocol):
    """The consumer's side: positions of partitions, and what the topics hold."""

    def pause(self, series: Collection[Series]) -> None:
        """Fetch no more of these, those that are not assigned any more left out."""

    def seek(self, one: Series, offset: int) -> None:
        """Go on there."""

    def resume(self, one: Series) -> None:
        """Fetch again."""

    async def bounds(self, series: Collection[Series]) -> dict[Series, tuple[int, int]]:
        """First offset, and the one after the last. Raises what `UNREACHABLE` lists."""


class Driver:
    """One replica's intake of everything it is assigned."""

    def __init__(
        self,
        *,
        intake: Taker,
        offsets: Offsets,
        places: Mapping[Series, Place],
        metrics: Metrics,
        progress: Progress,
        on_fatal: Callable[[Exception], None],
    ) -> None:
        self.assignment = Assignment()
        self._intake = intake
        self._offsets = offsets
        self._places = places
        self._metrics = metrics
        self._progress = progress
        self._on_fatal = on_fatal
        self._idle = asyncio.Event()
        self._idle.set()
        self._backoff = Backoff()
        self._settling: set[asyncio.Task[None]] = set()
        self._halted: set[Series] = set()
        self._stopping = False
        self.log: Log | None = None
        """The consumer; there is one when the first partitions are assigned."""
        self.on_ready: Callable[[], None] = _nothing
        """Called when waiting commands can be decided."""

    def assigned(self, series: Collection[Series]) -> None:
        """Partitions are ours, paused and at a position that means nothing yet. Does not wait."""
        self._metrics.rebalances.inc()
        self._halted.clear()
        log.info(Event.PARTITIONS_ASSIGNED, partitions=_written(series))
        self._settle_soon(self.assignment.change(series), 0.0)

    async def revoked(self, series: Collection[Series]) -> None:
        """Partitions go; waits a little for the transaction in flight."""
        self.assignment.revoke(series)
        log.info(Event.PARTITIONS_REVOKED, partitions=_written(series))
        await self._until_idle(REVOCATION)

    async def receive(self, polled: Iterable[Polled], generation: int) -> None:
        """One polled batch. Never raises but for cancellation.

        Catches everything: what is neither Recoverable nor Fatal is a fault of this program, and going on
        past the batch would lose it, so the service stops with it.
        """
        admitted = self.assignment.admit(polled, generation)
        self._count_dropped(admitted.stale, admitted.trimmed)
        if not admitted.records or self._stopping:
            return
        self._idle.clear()
        first = admitted.records[0]
        self._progress.busy()
        try:
            with bound(topic=first.topic, partition=first.partition, offset=first.offset):
                await self._take(admitted.records, admitted.since)
        except Recoverable as error:
            self._retry(admitted.since, error, first)
        except Exception as error:  # noqa: BLE001 - see the docstring
            self._fail(error)
        finally:
            self._idle.set()

    async def stop(self, patience: float) -> None:
        """Fetch no more, and let the transaction in flight finish."""
        self._stopping = True
        held = self.assignment.held()
        if self.log is not None:
            self.log.pause(held)
        self.assignment.change(held)
        await self._until_idle(patience)
        for task in self._settling:
            task.cancel()
        await asyncio.gather(*self._settling, return_exceptions=True)

    async def _take(self, records: Sequence[Fetched], since: Mapping[Series, int]) -> None:
        with self._metrics.take_seconds.time():
            taken = await self._intake.take(records, self._places)
        if isinstance(taken, Superseded):
            self._metrics.batches("superseded").inc()
            log.info(Event.BATCH_SUPERSEDED, partitions=_written(taken.partitions))
            self._again(since, Backoff().next())
            return
        self._moved(records, since, taken)

    def _moved(self, records: Sequence[Fetched], since: Mapping[Series, int], taken: Moved) -> None:
        self._backoff.reset()
        self._progress.moved()
        self.assignment.moved(since, {Series(*one): at for one, at in taken.next_offsets.items()})
        self._metrics.batches("taken").inc()
        for one in since:
            count = sum(1 for record in records if (record.topic, record.partition) == one)
            self._metrics.records(one.topic).inc(count)
        log.debug(Event.BATCH_TAKEN, records=len(records))
        for halt in taken.halted:
            self._halt(halt)
        if taken.ready:
            self.on_ready()

    def _halt(self, halt: Halt) -> None:
        """A fact was lost upstream: this partition stands still until somebody has looked."""
        one = Series(halt.topic, halt.partition)
        self._halted.add(one)
        self.assignment.change([one])
        if self.log is not None:
            self.log.pause([one])
        self._metrics.halted.set(len(self._halted))
        log.error(
            Event.PARTITION_HALTED,
            topic=halt.topic,
            partition=halt.partition,
            offset=halt.offset,
            why=halt.why,
        )

    def _retry(self, since: Mapping[Series, int], error: Recoverable, first: Fetched) -> None:
        """Nothing is known to be committed: stand still, wait, then ask the database."""
        delay = self._backoff.next()
        self._metrics.retries.inc()
        self._metrics.batches("retried").inc()
        self._metrics.oldest.set(max(0.0, time() - first.timestamp_ms / 1000))
        log.warning(Event.INTAKE_RETRIES, error=str(error), seconds=round(delay, 2))
        self._again(since, delay)

    def _fail(self, error: Exception) -> None:
        self._metrics.batches("failed").inc()
        held = self.assignment.held()
        if self.log is not None:
            self.log.pause(held)
        self.assignment.change(held)
        self._stopping = True
        log.error(Event.INTAKE_FAILED, error=str(error), exc_info=None if isinstance(error, Fatal) else error)
        self._on_fatal(error)

    def _again(self, since: Mapping[Series, int], delay: float) -> None:
        """Pause these, drop what is fetched of them, and set their positions anew."""
        current = self.assignment.still(since)
        if self.log is not None:
            self.log.pause(current)
        self._settle_soon(self.assignment.change(current), delay)

    def _settle_soon(self, since: Mapping[Series, int], delay: float) -> None:
        if not since or self._stopping:
            return
        task = asyncio.create_task(self._settle(since, delay))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _settle(self, since: Mapping[Series, int], delay: float) -> None:
        """Read the stored offsets, seek there, go on; with retries, for as long as nothing changes.

        Catches everything like `receive`, and for the same reason.
        """
        backoff = Backoff()
        shrunk_at: float | None = None
        try:
            while True:
                await asyncio.sleep(delay)
                since = self.assignment.still(since)
                if not since or self._stopping:
                    return
                try:
                    shrunk_at = self._place(since, *await self._look_up(since), shrunk_at)
                except (Recoverable, *UNREACHABLE) as error:
                    log.warning(Event.INTAKE_RETRIES, error=str(error) or repr(error))
                delay = backoff.next()
        except Exception as error:  # noqa: BLE001 - see the docstring
            self._fail(error)

    async def _look_up(
        self, since: Mapping[Series, int]
    ) -> tuple[dict[Series, int], dict[Series, tuple[int, int]]]:
        """The stored offset of each, and what its log holds; a partition never read begins with its log."""
        assert self.log is not None, "partitions are assigned by a consumer"
        bounds = await self.log.bounds(since)
        stored = {}
        for one in since:
            place = self._places[one]
            at = await self._offsets.next_offset(place)
            if at is None:
                await self._offsets.register_place(place, bounds[one][0])
                at = await self._offsets.next_offset(place)
                assert at is not None, f"{place} was just registered"
            stored[one] = at
        return stored, bounds

    def _place(
        self,
        since: Mapping[Series, int],
        stored: Mapping[Series, int],
        bounds: Mapping[Series, tuple[int, int]],
        shrunk_at: float | None,
    ) -> float | None:
        """Seek and resume what is still ours; returns since when a log has ended too early, if one does.

        Raises:
            LogOutOfRange: what was to come next is gone.
        """
        assert self.log is not None, "partitions are assigned by a consumer"
        shrunk_at = check_range(stored, bounds, shrunk_at)
        for one in self.assignment.still(since):
            if stored[one] <= bounds[one][1]:
                self.assignment.settle(one, stored[one])
                self.log.seek(one, stored[one])
                self.log.resume(one)
                log.debug(
                    Event.PARTITIONS_SETTLED, topic=one.topic, partition=one.partition, offset=stored[one]
                )
        return shrunk_at

    async def inspect(self, shrunk_at: float | None) -> float | None:
        """Compare positions with the logs: lag, progress, and data that went while we read.

        Args and result: since when a log has ended too early.

        Raises:
            LogOutOfRange: what was to come next is gone.
            KafkaError: Kafka cannot be asked.
        """
        expected = self.assignment.expected()
        if self.log is None or not expected:
            return None
        bounds = await self.log.bounds(expected)
        now = {one: at for one, at in self.assignment.expected().items() if one in bounds}
        for one, at in now.items():
            self._metrics.lag(one.topic, str(one.partition)).set(max(0, bounds[one][1] - at))
        if any(at < bounds[one][1] for one, at in now.items()):
            self._progress.busy()
        elif self.assignment.settled():
            self._progress.moved()
            self._metrics.oldest.set(0)
        return check_range(
            {one: min(at, expected.get(one, at)) for one, at in now.items()}, bounds, shrunk_at
        )

    async def _until_idle(self, patience: float) -> None:
        """Give the transaction in flight some time; the compare-and-set fences it if that is not enough."""
        if not await until(self._idle, patience):
            log.warning(Event.GRACE_EXCEEDED, waiting_for="the database's commit", seconds=patience)

    def _count_dropped(self, stale: int, trimmed: int) -> None:
        if stale:
            self._metrics.dropped("stale").inc(stale)
            log.debug(Event.BATCH_DROPPED, records=stale, why="fetched before the last assignment or seek")
        if trimmed:
            self._metrics.dropped("trimmed").inc(trimmed)


def check_range(
    stored: Mapping[Series, int], bounds: Mapping[Series, tuple[int, int]], shrunk_at: float | None
) -> float | None:
    """Every stored offset lies within its log.

    Returns:
        Since when one has lain beyond its log's end; None while all is well. A new leader may lag
        for a moment, so only `SHRUNK` seconds of it are an error.

    Raises:
        LogOutOfRange: saying which records are gone.
    """
    for one, at in stored.items():
        begin = bounds[one][0]
        if at < begin:
            raise LogOutOfRange(
                f"{one.topic}/{one.partition} begins at offset {begin}, but {at} comes next: "
                f"the records {at} to {begin - 1} were deleted before they were taken in"
            )
    beyond = [one for one, at in stored.items() if at > bounds[one][1]]
    if not beyond:
        return None
    if shrunk_at is None or monotonic() - shrunk_at < SHRUNK:
        return shrunk_at or monotonic()
    one = beyond[0]
    raise LogOutOfRange(
        f"{one.topic}/{one.partition} ends at offset {bounds[one][1]}, but {stored[one]} comes next: "
        "the topic has lost records that were taken in, or the database belongs to another cluster"
    )


def _written(series: Iterable[tuple[str, int]]) -> list[str]:
    return [f"{topic}/{partition}" for topic, partition in sorted(series)]


def _nothing() -> None:
    """Nobody waits for it."""
