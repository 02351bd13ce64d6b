"""Keeps every partition where the database says: read the offset, compare with the log, seek, go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from time import monotonic
from typing import Protocol

from orestream.chassis.backoff import Backoff
from orestream.chassis.errors import LogOutOfRange, Recoverable
from orestream.chassis.kafka.assignment import Assignment
from orestream.chassis.kafka.connection import UNREACHABLE
from orestream.chassis.kafka.metadata import Cluster
from orestream.chassis.logs import Event, logger
from orestream.chassis.records import Place, Series

log = logger(__name__)

SHRUNK = 15.0
"""Seconds a log may end before the stored offset: a new leader may lag for a moment."""

Bounds = Mapping[Series, tuple[int, int]]
"""First offset of each log, and the one after its last."""


class Offsets(Protocol):
    """The stored offsets. Every method may raise Recoverable."""

    async def next_offset(self, place: Place) -> int | None:
        """The offset that comes next; None where nothing was ever taken."""

    async def register_place(self, place: Place, at: int) -> None:
        """Begin there, unless somebody has begun meanwhile."""


class Log(Protocol):
    """The consumer's side: positions of partitions, and what the topics hold."""

    def pause(self, series: Collection[Series]) -> None:
        """Fetch no more of these; those that are not assigned any more are left out."""

    def seek(self, one: Series, offset: int) -> None:
        """Go on there."""

    def resume(self, one: Series) -> None:
        """Fetch again."""

    async def bounds(self, series: Collection[Series]) -> Bounds:
        """What the logs hold. Raises what `UNREACHABLE` lists."""

    async def fetched(self, series: Collection[Series]) -> dict[Series, int]:
        """Where fetching goes on, of those still assigned: behind all that was polled or skipped."""

    async def cluster(self, topics: Collection[str]) -> Cluster:
        """The topics as they are now. Raises what `UNREACHABLE` lists."""


class Positions:
    """The positions of one replica's partitions.

    Setting one takes a task of its own with retries, since neither a listener nor a batch may wait for
    it; when the partition changes meanwhile, the task gives it up.
    """

    def __init__(
        self, offsets: Offsets, places: Mapping[Series, Place], on_failure: Callable[[Exception], None]
    ) -> None:
        self.assignment = Assignment()
        self.log: Log | None = None
        """The consumer; there is one when the first partitions are assigned."""
        self._offsets = offsets
        self._places = places
        self._on_failure = on_failure
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    def hold(self, series: Iterable[Series]) -> dict[Series, int]:
        """Stand still: fetch no more of these, and count nothing fetched so far."""
        standing = tuple(series)
        if self.log is not None:
            self.log.pause(standing)
        return self.assignment.change(standing)

    def set_anew(self, series: Iterable[Series], delay: float = 0.0) -> None:
        """Stand still, and after a delay go on where the database says."""
        since = self.hold(series)
        if since and not self._stopped:
            task = asyncio.create_task(self._set(since, delay))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Stand still for good."""
        self._stopped = True
        self.hold(self.assignment.held())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def bounds(self) -> tuple[dict[Series, int], Bounds]:
        """Where reading stood at the question, and what the logs hold. Raises what `UNREACHABLE` lists."""
        expected = self.assignment.expected()
        if self.log is None or not expected:
            return {}, {}
        return expected, await self.log.bounds(expected)

    async def passed(self, expected: Mapping[Series, int]) -> dict[Series, int]:
        """The same offsets, moved over what follows them and is no record: transactions' ends, aborted ones.

        Only while no batch is in hand: what was polled and is not yet taken would seem passed too.
        """
        if self.log is None:
            return dict(expected)
        fetched = await self.log.fetched(expected)
        return {one: max(at, fetched.get(one, at)) for one, at in expected.items()}

    async def same_topics(self) -> None:
        """The topics are the ones that offsets are kept for.

        Raises:
            LogOutOfRange: one was deleted, or made anew under its name.
            KafkaError: Kafka cannot be asked.
        """
        if self.log is None:
            return
        now = (await self.log.cluster({place.topic for place in self._places.values()})).topics
        for place in self._places.values():
            if place.topic not in now:
                raise LogOutOfRange(f"{place.topic} was deleted while it was read")
            if now[place.topic].id != place.topic_id:
                raise LogOutOfRange(f"{place.topic} was deleted and made anew: its records are others now")

    async def _set(self, since: Mapping[Series, int], delay: float) -> None:
        """Try until every partition is set or has changed meanwhile.

        Catches everything: a partition that nobody sets would stand still unseen, so what is no passing
        failure stops the service.
        """
        backoff = Backoff()
        shrunk_at: float | None = None
        try:
            while True:
                await asyncio.sleep(delay)
                since = self.assignment.still(since)
                if not since:
                    return
                try:
                    shrunk_at = self._go_on(since, *await self._look_up(since), shrunk_at)
                except (Recoverable, *UNREACHABLE) as error:
                    log.warning(Event.INTAKE_RETRIES, error=str(error) or repr(error))
                since = self.assignment.still(since)
                if not since:
                    return
                delay = backoff.next()
        except Exception as error:  # noqa: BLE001 - see the docstring
            self._on_failure(error)

    async def _look_up(self, since: Mapping[Series, int]) -> tuple[dict[Series, int], Bounds]:
        """The stored offset of each, and what its log holds; one never read begins where its log does."""
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

    def _go_on(
        self,
        since: Mapping[Series, int],
        stored: Mapping[Series, int],
        bounds: Bounds,
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
                at = stored[one]
                log.debug(Event.PARTITIONS_SETTLED, topic=one.topic, partition=one.partition, offset=at)
        return shrunk_at


def check_range(stored: Mapping[Series, int], bounds: Bounds, shrunk_at: float | None) -> float | None:
    """Every stored offset lies within its log.

    Returns:
        Since when one has lain beyond its log's end; None while all is well. Only `SHRUNK` seconds
        of it are an error.

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
