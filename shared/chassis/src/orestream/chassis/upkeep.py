"""What a service does besides its batches: ready lanes, commands that expire, watching the logs."""

from __future__ import annotations

import asyncio
from typing import Protocol

from orestream.chassis.backoff import Backoff
from orestream.chassis.errors import Recoverable
from orestream.chassis.health import Progress
from orestream.chassis.kafka.connection import UNREACHABLE
from orestream.chassis.kafka.driver import Driver
from orestream.chassis.kafka.subscription import Subscription
from orestream.chassis.logs import Event, logger
from orestream.chassis.metrics import Metrics
from orestream.chassis.resting import until
from orestream.chassis.store.tasks import Backlog

log = logger(__name__)

DRAINING = 1.0
"""Seconds between looks for lanes that other replicas' commits made ready."""
EXPIRING = 1.0
WATCHING = 5.0


class Lanes(Protocol):
    """The waiting commands."""

    async def drain(self) -> bool:
        """Decide what is ready; True where there may be more."""

    async def expire(self) -> int:
        """Refuse what has waited for too long; how many."""


class Counts(Protocol):
    """What is set aside or waits."""

    async def waiting_count(self) -> int:
        """How many commands wait."""

    async def parked_keys(self) -> int:
        """How many keys are parked."""

    async def open_tasks(self) -> Backlog:
        """What decisions have left to be told, and since when."""


class Upkeep:
    """Loops that run beside the subscription until told to stop; a passing failure delays them only."""

    def __init__(
        self, *, lanes: Lanes, counts: Counts, metrics: Metrics, database: Progress, stopping: asyncio.Event
    ) -> None:
        self._lanes = lanes
        self._counts = counts
        self._metrics = metrics
        self._database = database
        self._stopping = stopping
        self._ready = asyncio.Event()

    def wake(self) -> None:
        """Waiting commands can be decided."""
        self._ready.set()

    async def drain(self) -> None:
        """Decide waiting commands when they become ready. Raises Fatal."""
        backoff = Backoff()
        while not self._stopping.is_set():
            self._ready.clear()
            try:
                more = await self._lanes.drain()
            except Recoverable as error:
                self._retries(error)
                await until(self._stopping, backoff.next())
                continue
            backoff.reset()
            self._database.moved()
            if not more:
                await until(self._ready, DRAINING)

    async def expire(self) -> None:
        """Refuse commands that have waited for too long. Raises Fatal."""
        while not await until(self._stopping, EXPIRING):
            try:
                await self._lanes.expire()
            except Recoverable as error:
                self._retries(error)

    async def watch(self, driver: Driver, subscription: Subscription) -> None:
        """Compare positions with the logs now and then, and report them. Raises LogOutOfRange."""
        shrunk_at: float | None = None
        while not await until(self._stopping, WATCHING):
            try:
                self._metrics.waiting.set(await self._counts.waiting_count())
                self._metrics.parked_keys.set(await self._counts.parked_keys())
                backlog = await self._counts.open_tasks()
                self._metrics.open_tasks.set(backlog.tasks)
                self._metrics.oldest_task.set(backlog.oldest_seconds)
                shrunk_at = await driver.inspect(shrunk_at)
                await subscription.report_offsets()
            except (Recoverable, *UNREACHABLE) as error:
                log.info(Event.WATCH_FAILED, error=str(error) or repr(error))

    def _retries(self, error: Recoverable) -> None:
        self._database.busy()
        log.warning(Event.LANES_RETRY, error=str(error))
