"""Drives the intake with polled batches.

Promise: nothing raised by a batch ever reaches the subscription, which would log it and fetch on. A
passing failure makes the partitions stand still, back off, and go on where the database says; a
failure that needs an operator stops the service.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from time import time
from typing import Protocol

from orestream.chassis.backoff import Backoff
from orestream.chassis.errors import Fatal, Recoverable
from orestream.chassis.health import Progress
from orestream.chassis.intake.taken import Halt, Moved, Superseded, Taken
from orestream.chassis.kafka.assignment import Polled
from orestream.chassis.kafka.positions import Log, Offsets, Positions, check_range
from orestream.chassis.logs import Event, bound, logger
from orestream.chassis.metrics import Metrics
from orestream.chassis.records import Fetched, Place, Series
from orestream.chassis.resting import until
from orestream.chassis.steps import Step, reached

log = logger(__name__)

REVOCATION = 3.0
"""Seconds a rebalance waits for the transaction in flight; the offsets fence it if it takes longer."""


class Taker(Protocol):
    """The intake, as driven here."""

    async def take(self, batch: Sequence[Fetched], places: Mapping[Series, Place]) -> Taken:
        """One database transaction. Raises Recoverable and Fatal."""

    def forget(self, partitions: Sequence[Series]) -> None:
        """What was taken of these before says nothing any more."""


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
        on_ready: Callable[[], None],
    ) -> None:
        """`on_ready` is called when waiting commands can be decided, `on_fatal` when all must stop."""
        self._intake = intake
        self._places = places
        self._metrics = metrics
        self._progress = progress
        self._on_fatal = on_fatal
        self._on_ready = on_ready
        self._positions = Positions(offsets, places, self._fail)
        self.assignment = self._positions.assignment
        self._idle = asyncio.Event()
        self._idle.set()
        self._backoff = Backoff()
        self._halted: set[Series] = set()
        self._oldest_ms: int | None = None
        """When the first record of a batch that is not taken yet was written."""
        self._stopped = False

    def assigned(self, consumer: Log, series: Collection[Series]) -> None:
        """Partitions are ours, paused and at a position that means nothing yet. Does not wait."""
        self._metrics.rebalances.inc()
        self._halted.clear()
        self._metrics.halted.set(0)
        log.info(Event.PARTITIONS_ASSIGNED, partitions=_written(series))
        self._intake.forget(tuple(series))
        self._positions.log = consumer
        self._positions.set_anew(series)

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
        since = self.assignment.since()
        try:
            await reached(Step.FETCHED)
            admitted = self.assignment.admit(polled, generation)
        except Recoverable as error:
            # which of them the batch holds is not known yet: all are read anew
            self._retry(since, error)
            return
        except Exception as error:  # noqa: BLE001 - see the docstring
            self._fail(error)
            return
        self._count_dropped(admitted.stale, admitted.trimmed)
        if not admitted.records or self._stopped:
            return
        self._idle.clear()
        first = admitted.records[0]
        self._oldest_ms = first.timestamp_ms
        self._progress.busy()
        with bound(topic=first.topic, partition=first.partition, offset=first.offset):
            try:
                await self._take(admitted.records, admitted.since)
            except Recoverable as error:
                self._retry(admitted.since, error)
            except Exception as error:  # noqa: BLE001 - see the docstring
                self._fail(error)
            finally:
                self._idle.set()

    def settled(self) -> bool:
        """True where this replica is in the group and the position of everything it has is known."""
        return self._positions.log is not None and self.assignment.settled()

    async def stop(self, patience: float) -> None:
        """Fetch no more, and let the transaction in flight finish."""
        self._stopped = True
        await self._positions.stop()
        await self._until_idle(patience)

    async def inspect(self, shrunk_at: float | None) -> float | None:
        """Compare positions with the logs: lag, progress, and what went while we read.

        Args and result: since when a log has ended too early.

        Raises:
            LogOutOfRange: what was to come next is gone.
            KafkaError: Kafka cannot be asked.
        """
        await self._positions.same_topics()
        expected, bounds = await self._positions.bounds()
        reached = await self._positions.passed(expected) if self._idle.is_set() else expected
        lags = {one: max(0, bounds[one][1] - at) for one, at in reached.items()}
        self._metrics.set_lags(lags)
        if any(lags.values()):
            self._progress.busy()
        elif self.settled():
            self._progress.moved()
        self._metrics.oldest.set(self._age_of_oldest() if any(lags.values()) else 0.0)
        # what has moved since the question is well, and no longer comparable with the answer
        now = self.assignment.expected()
        standing = {one: at for one, at in expected.items() if now.get(one) == at}
        return check_range(standing, bounds, shrunk_at)

    async def _take(self, records: Sequence[Fetched], since: Mapping[Series, int]) -> None:
        with self._metrics.take_seconds.time():
            taken = await self._intake.take(records, self._places)
        if isinstance(taken, Superseded):
            self._metrics.batches("superseded").inc()
            log.info(Event.BATCH_SUPERSEDED, partitions=_written(taken.partitions))
            self._set_anew(since, Backoff().next())
            return
        self._moved(records, since, taken)

    def _moved(self, records: Sequence[Fetched], since: Mapping[Series, int], taken: Moved) -> None:
        self._backoff.reset()
        self._progress.moved()
        self._oldest_ms = None
        self.assignment.moved(since, {Series(*one): at for one, at in taken.next_offsets.items()})
        self._metrics.batches("taken").inc()
        for topic, count in Counter(record.topic for record in records).items():
            self._metrics.records(topic).inc(count)
        log.debug(Event.BATCH_TAKEN, records=len(records))
        for halt in taken.halted:
            self._halt(halt)
        if taken.ready:
            self._on_ready()

    def _halt(self, halt: Halt) -> None:
        """A fact was lost upstream: this partition stands still until somebody has looked."""
        self._halted.add(Series(halt.topic, halt.partition))
        self._positions.hold([Series(halt.topic, halt.partition)])
        self._metrics.halted.set(len(self._halted))
        log.error(
            Event.PARTITION_HALTED,
            topic=halt.topic,
            partition=halt.partition,
            offset=halt.offset,
            key=halt.key,
            correlation_id=halt.correlation_id,
            why=halt.why,
        )

    def _retry(self, since: Mapping[Series, int], error: Recoverable) -> None:
        """Nothing is known to be committed: stand still, wait, then ask the database."""
        delay = self._backoff.next()
        self._metrics.retries.inc()
        self._metrics.batches("retried").inc()
        log.warning(Event.INTAKE_RETRIES, error=str(error), seconds=round(delay, 2))
        self._set_anew(since, delay)

    def _set_anew(self, since: Mapping[Series, int], delay: float) -> None:
        """What of a batch is still ours; a rebalance has seen to the rest."""
        self._positions.set_anew(self.assignment.still(since), delay)

    def _fail(self, error: Exception) -> None:
        self._stopped = True
        self._metrics.batches("failed").inc()
        self._positions.hold(self.assignment.held())
        log.error(Event.INTAKE_FAILED, error=str(error), exc_info=None if isinstance(error, Fatal) else error)
        self._on_fatal(error)

    def _age_of_oldest(self) -> float:
        """Seconds; of a record not even fetched yet, how long nothing has moved is what is known."""
        if self._oldest_ms is None:
            return self._progress.stalled
        return max(0.0, time() - self._oldest_ms / 1000)

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


def _written(series: Iterable[tuple[str, int]]) -> list[str]:
    return [f"{topic}/{partition}" for topic, partition in sorted(series)]
