"""The relay's loop: hold the lease, find the cursor, publish what follows it, start anew on any doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Protocol

from aiokafka.errors import ProducerFenced

from orestream.chassis.backoff import Backoff
from orestream.chassis.errors import Fatal, Recoverable
from orestream.chassis.health import Progress
from orestream.chassis.kafka.endtxn import EndInDoubt
from orestream.chassis.logs import Event, logger
from orestream.chassis.metrics import Metrics
from orestream.chassis.relay.batches import cut
from orestream.chassis.relay.chores import Behind, Chores
from orestream.chassis.relay.cursor import Cursor
from orestream.chassis.relay.history import check_head, check_row, follow
from orestream.chassis.relay.lease import Lease
from orestream.chassis.relay.publisher import Publisher
from orestream.chassis.resting import until
from orestream.chassis.store.outbox_row import OutboxRow

log = logger(__name__)

STANDBY = 1.0
"""Seconds between a standby's tries for the lease."""
STUCK = 30.0
"""Seconds without progress after which the lease is given to another replica."""


class Outbox(Behind, Protocol):
    """What the relay reads of the database."""

    async def outbox_after(self, position: int, limit: int, max_bytes: int) -> Sequence[OutboxRow]:
        """Rows after a position, in order, ending at the end of a decision."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much at a time, and how often."""

    rows: int = 8_000
    bytes: int = 8 << 20
    rows_per_partition: int = 1_000
    poll: timedelta = timedelta(milliseconds=100)
    keep: timedelta = timedelta(days=1)


class Relay:
    """One replica's relay: publishes while it holds the lease, stands by while another does.

    Promise: each outbox row becomes visible once, in order, together with its whole decision.
    Failures: anything in doubt → the producer is thrown away and the cursor read again; another
    history → `HistoryDiverged` out of `run`, nothing published; no progress → the lease goes.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        publisher: Publisher,
        lease: Lease,
        limits: Limits,
        metrics: Metrics,
        progress: Progress,
    ) -> None:
        self._outbox = outbox
        self._publisher = publisher
        self._lease = lease
        self._limits = limits
        self._metrics = metrics
        self._progress = progress
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._moved_at = monotonic()
        self._chores = Chores(outbox, publisher, metrics, limits.keep)
        self._goal: int | None = None
        """Where to stop, once it has to."""
        self.checked = asyncio.Event()
        """Set when this replica has compared the histories: its intake may begin."""

    def wake(self) -> None:
        """Something was committed in this process."""
        self._wake.set()

    def stop(self) -> None:
        """Publish what is there, then end; one in doubt ends at once, and its rows stay for the next."""
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        """Relay until stopped.

        Raises:
            HistoryDiverged: and every other Fatal; the lease is released first.
        """
        backoff = Backoff(first=0.2)
        while not self._stopping.is_set():
            try:
                if await self._lease.take():
                    await self._lead()
                else:
                    await self._stand_by()
                    self._progress.moved()
                    await until(self._stopping, STANDBY)
                backoff.reset()
            except Recoverable as error:
                log.warning(Event.RELAY_DOUBTS, error=str(error))
                await until(self._stopping, backoff.next())

    async def _stand_by(self) -> None:
        """While another replica relays, see for ourselves that the database is of the history published.

        Catches everything but Fatal that a look at the topics raises, for whatever reason the client library
        has: it is tried again.
        """
        if self.checked.is_set():
            return
        try:
            cursor = await self._publisher.look()
        except Fatal:
            raise
        except Exception as error:  # noqa: BLE001 - see the docstring
            self._doubt(error)
            return
        await self._check(cursor)

    async def _check(self, cursor: Cursor) -> None:
        """Compare the database with a cursor; the intake may begin where they are of one history.

        Raises:
            HistoryDiverged: they are not.
        """
        rows = await self._outbox.outbox_after(cursor.position - 1, 1, 1) if cursor.position else ()
        check_head(cursor, await self._outbox.outbox_head())
        check_row(cursor, rows)
        self.checked.set()

    async def _lead(self) -> None:
        """Publish for as long as the lease lasts, things move, and nobody says stop."""
        self._metrics.relaying.set(1)
        self._moved_at = monotonic()
        parts = self._work(), self._lease.keep(), self._watch(), self._chores.run()
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._chores.cursor = None
            await self._publisher.discard()
            await self._lease.release()
            self._metrics.relaying.set(0)
        if tasks[0] not in done:
            await until(self._stopping, 2 * STANDBY)

    async def _watch(self) -> None:
        """Ends when nothing has moved for too long, so that another replica may try."""
        while monotonic() - self._moved_at < STUCK:  # noqa: ASYNC110 - the passing of time has no event
            await asyncio.sleep(STANDBY)
        log.error(Event.RELAY_STUCK, seconds=STUCK)

    async def _work(self) -> None:
        """Start, publish, and on any doubt start anew.

        Catches everything but Fatal: the client library raises AssertionError and others beside its own
        errors when it is fenced or broken, and the answer is the same for all: nothing is known, so throw the
        producer away and read the cursor again.
        """
        backoff = Backoff(first=0.2)
        while not self._stopping.is_set():
            try:
                cursor = await self._start()
                backoff.reset()
                await self._publish_from(cursor)
            except Fatal:
                raise
            except Exception as error:  # noqa: BLE001 - see the docstring
                self._doubt(error)
                self._chores.cursor = None
                await self._publisher.discard()
                await until(self._stopping, backoff.next())

    async def _start(self) -> Cursor:
        cursor = await self._publisher.start()
        await self._check(cursor)
        self._chores.cursor, self._chores.missing = cursor, None
        log.info(Event.RELAY_STARTED, position=cursor.position)
        return cursor

    async def _publish_from(self, cursor: Cursor) -> None:
        """Publish until told to stop, and then what was committed until then."""
        while not await self._finished(cursor):
            if self._chores.missing is not None:
                raise self._chores.missing
            self._wake.clear()
            rows = await self._rows(cursor.position)
            if rows:
                cursor = await self._publish_backlog(rows, cursor)
                continue
            self._quiet()
            if not self._stopping.is_set():
                await until(self._wake, self._limits.poll.total_seconds())

    async def _finished(self, cursor: Cursor) -> bool:
        """True where it has to stop and has got as far as the outbox went then; others may go on writing."""
        if self._stopping.is_set() and self._goal is None:
            self._goal = (await self._outbox.outbox_head()).position
        return self._goal is not None and cursor.position >= self._goal

    async def _publish_backlog(self, rows: Sequence[OutboxRow], cursor: Cursor) -> Cursor:
        """Publish these and what stands behind them, which is read meanwhile: rows never change."""
        while rows:
            ahead = asyncio.create_task(self._rows(rows[-1].position))
            try:
                cursor = await self._publish(rows, cursor)
                rows = () if self._stopping.is_set() else await ahead
            finally:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)
        return cursor

    async def _rows(self, position: int) -> Sequence[OutboxRow]:
        return await self._outbox.outbox_after(position, self._limits.rows, self._limits.bytes)

    async def _publish(self, rows: Sequence[OutboxRow], cursor: Cursor) -> Cursor:
        """All of these rows, in as many Kafka transactions as they need."""
        self._progress.busy()
        while rows:
            whole = cut(rows, self._limits.rows_per_partition)
            chunk, rows = rows[:whole], rows[whole:]
            following = follow(cursor, chunk)
            with self._metrics.publish_seconds.time():
                await self._publisher.publish(chunk, following)
            self._count(cursor, following)
            self._chores.cursor = cursor = following
        return cursor

    def _count(self, before: Cursor, now: Cursor) -> None:
        self._quiet()
        self._metrics.transactions.inc()
        for place, last in now.sequences.items():
            self._metrics.published(place.topic).inc(last - before.sequences.get(place, 0))
        log.debug(Event.RELAY_PUBLISHED, rows=now.position - before.position, position=now.position)

    def _quiet(self) -> None:
        self._moved_at = monotonic()
        self._progress.moved()

    def _doubt(self, error: Exception) -> None:
        self._progress.busy()
        self._metrics.doubts.inc()
        if isinstance(error, ProducerFenced) and not isinstance(error, EndInDoubt):
            self._metrics.fences.inc()
        log.warning(Event.RELAY_DOUBTS, error=repr(error))
