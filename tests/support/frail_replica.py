"""One replica of the toy bank on frail fakes: the genuine intake, driver, positions, publisher and relay."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

from orestream.chassis.errors import Recoverable
from orestream.chassis.health import Progress
from orestream.chassis.intake.intake import Intake
from orestream.chassis.intake.setup import BreakerLimits, IntakeLimits
from orestream.chassis.kafka.driver import Driver
from orestream.chassis.kafka.metadata import Cluster, TopicSeen
from orestream.chassis.metrics import Metrics
from orestream.chassis.records import Fetched, Place, Series
from orestream.chassis.relay.lease import Lease
from orestream.chassis.relay.publisher import KafkaPublisher
from orestream.chassis.relay.relay import Limits, Relay
from orestream.chassis.store import Store
from orestream.contracts.topics import OUTCOMES
from tests.support.frail import Killed, Life
from tests.support.frail_database import FrailDatabase, SharedDatabase
from tests.support.frail_kafka import Broker, FrailProducer
from tests.support.toy_domain import MONEY, PARKED, PARTITIONS, SERVICE, SITE, Bank, decode, topic_of

CURSOR = Series("orestream.main.bank.cursor", 0)
SOURCE = f"/orestream/{SITE}/{SERVICE}"
OUTPUTS = [Series(topic, partition) for topic in (MONEY, OUTCOMES, PARKED) for partition in range(4)]
POLLED = 3
LIMITS = IntakeLimits(waiting=timedelta(seconds=600), breaker=BreakerLimits(run=100))

Inputs = Mapping[Series, list[Fetched]]


@dataclass
class Fetching:
    """The consumer: positions, and what is paused. `positions.Log` too."""

    inputs: Inputs
    positions: dict[Series, int] = field(default_factory=dict)
    paused: set[Series] = field(default_factory=set)

    def pause(self, series: Collection[Series]) -> None:
        self.paused.update(series)

    def seek(self, one: Series, offset: int) -> None:
        if one in self.positions:
            self.positions[one] = offset

    def resume(self, one: Series) -> None:
        self.paused.discard(one)

    async def bounds(self, series: Collection[Series]) -> dict[Series, tuple[int, int]]:
        return {one: (0, len(self.inputs[one])) for one in series}

    async def fetched(self, series: Collection[Series]) -> dict[Series, int]:
        return {one: self.positions[one] for one in series if one in self.positions}

    async def cluster(self, topics: Collection[str]) -> Cluster:
        return Cluster("cluster", 1, {name: TopicSeen(name, f"id-of-{name}", 1) for name in topics})

    def poll(self) -> list[Any]:
        polled = []
        for one in sorted(self.positions.keys() - self.paused):
            at = self.positions[one]
            records = self.inputs[one][at : at + POLLED]
            self.positions[one] = at + len(records)
            polled += [_as_polled(record) for record in records]
        return polled


@dataclass
class Replica:
    """A process with all of its tasks. `fatal` gathers what would have stopped it."""

    life: Life
    database: SharedDatabase
    broker: Broker
    inputs: Inputs
    places: Mapping[Series, Place]
    bank: Bank
    metrics: Metrics
    fatal: list[Exception]
    producers: Callable[[Broker, Life], FrailProducer] = FrailProducer
    publishers: type[KafkaPublisher] = KafkaPublisher
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    mine: set[Series] = field(default_factory=set)
    news: asyncio.Queue[tuple[bool, Series]] = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        store = Store(FrailDatabase(self.database, self.life))
        self.relay = Relay(
            outbox=store,
            publisher=self.publishers(
                cast("Any", self.life), "bank", CURSOR.topic, SOURCE, OUTPUTS, cast("Any", self._producer)
            ),
            lease=Lease(store, "relay", self.life.name, timedelta(seconds=4)),
            limits=Limits(rows=6, rows_per_partition=2, keep=timedelta(seconds=30)),
            metrics=self.metrics,
            progress=Progress(),
        )
        self.intake = Intake(
            store,
            self.bank,
            decode,
            SITE,
            partitions=PARTITIONS,
            on_commit=self.relay.wake,
            limits=LIMITS,
            topic_of=topic_of,
        )
        self.driver = Driver(
            intake=self.intake,
            offsets=store,
            places=self.places,
            metrics=self.metrics,
            progress=Progress(),
            on_fatal=self.fatal.append,
            on_ready=lambda: None,
        )
        self.fetching = Fetching(self.inputs)
        for part in (self._publish, self._fetch, self._drain, self._listen):
            self._spawn(part)

    @property
    def alive(self) -> bool:
        return not self.life.dead

    def assign(self, one: Series) -> None:
        """The group gives it this partition."""
        self.mine.add(one)
        self.news.put_nowait((True, one))

    def revoke(self, one: Series) -> None:
        """The group tells it that it has lost the partition."""
        self.mine.discard(one)
        self.news.put_nowait((False, one))

    async def kill(self) -> None:
        """Nothing of it runs any more."""
        self.life.dead = True
        self.life.awake.set()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _producer(self, _settings: object, _id: str) -> FrailProducer:
        return self.producers(self.broker, self.life)

    async def _publish(self) -> None:
        await self.relay.run()

    async def _fetch(self) -> None:
        while True:
            await self.life.reach("poll")
            generation = self.driver.assignment.generation
            polled = self.fetching.poll()
            if polled:
                await self.life.reach("polled")
                await self.driver.receive(polled, generation)
            else:
                await asyncio.sleep(0.05)

    async def _listen(self) -> None:
        """As the listener does: a new partition is paused, at a position that means nothing.

        What is revoked may be fetched on, until the group's next word.
        """
        while True:
            assigned, one = await self.news.get()
            await self.life.reach("news")
            if assigned:
                self.fetching.positions[one] = 0
                self.fetching.paused.add(one)
                self.driver.assigned(self.fetching, [one])
            else:
                await self.driver.revoked([one])

    async def _drain(self) -> None:
        while True:
            try:
                more = await self.intake.drain()
                await self.intake.expire()
            except Recoverable:
                more = False
            if not more:
                await asyncio.sleep(0.3)

    def _spawn(self, part: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def guarded() -> None:
            try:
                await part()
            except Killed:
                return
            except Exception as error:  # noqa: BLE001 - the run's checks look at it
                self.fatal.append(error)

        self.tasks.append(asyncio.create_task(guarded()))


def _as_polled(r: Fetched) -> Any:
    return SimpleNamespace(
        topic=r.topic,
        partition=r.partition,
        offset=r.offset,
        key=r.key,
        headers=r.headers,
        value=r.value,
        timestamp=r.timestamp_ms,
    )
