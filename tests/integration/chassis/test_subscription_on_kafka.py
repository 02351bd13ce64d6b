"""The subscription on a real broker: every record taken once, in order, through rebalances and restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete

from orestream.chassis.errors import LogOutOfRange
from orestream.chassis.health import Progress
from orestream.chassis.kafka.admin import admin_client, apply, plan
from orestream.chassis.kafka.driver import Driver
from orestream.chassis.kafka.metadata import describe
from orestream.chassis.kafka.subscription import Subscription
from orestream.chassis.kafka.topics import places_in
from orestream.chassis.metrics import Metrics
from orestream.chassis.records import Place, Series
from orestream.chassis.settings import Settings
from orestream.cli.embedded.node import KafkaNode
from orestream.contracts.topics import Topic
from tests.support.brokers import Broker, fresh_name
from tests.support.memory_intake import MemoryIntake, MemoryOffsets
from tests.support.waiting import eventually

PARTITIONS = 4


@dataclass
class Replica:
    """One replica's subscription, with an intake in memory."""

    settings: Settings
    topic: str
    places: dict[Series, Place]
    offsets: MemoryOffsets
    failures: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.intake = MemoryIntake(self.offsets)
        self.stopping = asyncio.Event()
        self.driver = Driver(
            intake=self.intake,
            offsets=self.offsets,
            places=self.places,
            metrics=Metrics("mining"),
            progress=Progress(),
            on_fatal=self.failures.append,
            on_ready=lambda: None,
        )
        name = self.settings.name_for("mining")
        self.subscription = Subscription(self.settings, name, [self.topic], self.driver)

    async def start(self) -> None:
        await self.subscription.start(self.stopping)
        await eventually(self.driver.settled)

    async def stop(self) -> None:
        self.stopping.set()
        await self.driver.stop(3.0)
        await self.subscription.stop()

    @property
    def share(self) -> int:
        return len(self.driver.assignment.held())


@dataclass
class Ground:
    """A topic of one's own, what was sent to it, and the database that replicas share."""

    settings: Settings
    topic: str
    places: dict[Series, Place]
    producer: AIOKafkaProducer
    offsets: MemoryOffsets = field(default_factory=MemoryOffsets)
    sent: int = 0

    def replica(self) -> Replica:
        return Replica(self.settings, self.topic, self.places, self.offsets)

    async def send(self, count: int) -> None:
        """Numbered values; the key decides the partition."""
        futures = [
            await self.producer.send(self.topic, key=b"k%d" % (n % 50), value=b"%d" % n)
            for n in range(self.sent, self.sent + count)
        ]
        await asyncio.gather(*futures)
        self.sent += count

    def all_taken(self) -> bool:
        return len(self.offsets.taken) >= self.sent

    def check(self) -> None:
        """Each record once, and each partition's in order."""
        values = sorted(int(record.value or b"") for record in self.offsets.taken)
        assert values == list(range(self.sent))
        for partition in range(PARTITIONS):
            offsets = [r.offset for r in self.offsets.taken if r.partition == partition]
            assert offsets == sorted(offsets)


async def _ground(bootstrap: str, environment: str) -> Ground:
    settings = Settings(bootstrap_servers=bootstrap, env=environment)
    name = fresh_name("commands")
    topic = Topic(name, "commands", "", "", (), "anyone", (), partitions=PARTITIONS)
    async with admin_client(settings) as admin:
        await apply(admin, await plan(admin, [topic]))
        places = dict(places_in(await describe(admin, [name]), [name]))
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    return Ground(settings, name, places, producer)


@pytest.fixture
async def ground(kafka: Broker, environment: str) -> AsyncIterator[Ground]:
    made = await _ground(kafka.bootstrap, environment)
    yield made
    await made.producer.stop()


async def test_everything_is_taken_from_the_beginning_of_the_topic(ground: Ground) -> None:
    await ground.send(300)
    replica = ground.replica()
    await replica.start()
    await ground.send(300)
    await eventually(ground.all_taken)
    await replica.stop()
    ground.check()


@pytest.mark.parametrize("codec", ["gzip", "lz4", "snappy", "zstd"])
async def test_whatever_a_sender_compresses_with_is_read(ground: Ground, codec: str) -> None:
    sender = AIOKafkaProducer(bootstrap_servers=ground.settings.servers(), compression_type=codec)
    await sender.start()
    ground.producer, plain = sender, ground.producer
    await ground.send(50)
    await sender.stop()
    ground.producer = plain
    replica = ground.replica()
    await replica.start()
    await eventually(ground.all_taken)
    await replica.stop()
    ground.check()


async def test_rebalances_lose_and_double_nothing(ground: Ground) -> None:
    first, second = ground.replica(), ground.replica()
    await first.start()

    async def sending() -> None:
        for _ in range(40):
            await ground.send(100)
            await asyncio.sleep(0.05)

    task = asyncio.create_task(sending())
    await asyncio.sleep(0.3)
    await second.start()
    await eventually(lambda: first.share == second.share == PARTITIONS // 2)
    await asyncio.sleep(0.5)
    await first.stop()
    await eventually(lambda: second.share == PARTITIONS)
    third = ground.replica()
    await third.start()
    await task
    await eventually(ground.all_taken)
    await second.stop()
    await third.stop()
    ground.check()
    assert not first.failures + second.failures + third.failures


async def test_a_database_that_is_away_for_a_moment_loses_and_doubles_nothing(ground: Ground) -> None:
    replica = ground.replica()
    await replica.start()
    await ground.send(200)
    ground.offsets.away = True
    await ground.send(200)
    await asyncio.sleep(0.5)
    ground.offsets.away = False
    await eventually(ground.all_taken)
    await replica.stop()
    ground.check()


async def test_records_deleted_while_nobody_read_stop_the_service(ground: Ground) -> None:
    replica = ground.replica()
    await replica.start()
    await ground.send(200)
    await eventually(ground.all_taken)
    await replica.stop()
    await ground.send(200)
    async with admin_client(ground.settings) as admin:
        partitions = [TopicPartition(ground.topic, n) for n in range(PARTITIONS)]
        await admin.delete_records({tp: RecordsToDelete(before_offset=-1) for tp in partitions})
    again = ground.replica()
    await again.subscription.start(again.stopping)
    await eventually(lambda: bool(again.failures))
    await again.stop()
    assert isinstance(again.failures[0], LogOutOfRange)
    assert "were deleted before they were taken in" in str(again.failures[0])


async def test_records_deleted_under_a_reader_that_stands_still_are_noticed(ground: Ground) -> None:
    replica = ground.replica()
    await replica.start()
    await ground.send(100)
    await eventually(ground.all_taken)
    replica.driver._positions.log.pause(replica.driver.assignment.held())  # type: ignore[union-attr]
    await ground.send(100)
    async with admin_client(ground.settings) as admin:
        partitions = [TopicPartition(ground.topic, n) for n in range(PARTITIONS)]
        await admin.delete_records({tp: RecordsToDelete(before_offset=-1) for tp in partitions})
    with pytest.raises(LogOutOfRange):
        await replica.driver.inspect(None)
    await replica.stop()


async def test_offsets_are_reported_to_kafka_for_its_tools_only(ground: Ground) -> None:
    replica = ground.replica()
    await replica.start()
    await ground.send(100)
    await eventually(ground.all_taken)
    await replica.subscription.report_offsets()
    consumer = replica.subscription.subscriber.consumer
    assert consumer is not None
    reported = [await consumer.committed(TopicPartition(ground.topic, n)) for n in range(PARTITIONS)]
    assert reported == [
        ground.offsets.next[ground.places[Series(ground.topic, n)]] for n in range(PARTITIONS)
    ]
    await replica.stop()
    # a database that knows nothing reads everything, whatever Kafka was told
    fresh = Replica(ground.settings, ground.topic, ground.places, MemoryOffsets())
    await fresh.start()
    await eventually(lambda: len(fresh.offsets.taken) == ground.sent)
    await fresh.stop()


async def test_a_broker_that_is_absent_at_the_start_is_waited_for(
    fresh_kafka: KafkaNode, environment: str
) -> None:
    ground = await _ground(fresh_kafka.bootstrap, environment)
    await ground.send(50)
    await ground.producer.stop()
    await asyncio.to_thread(fresh_kafka.stop)
    replica = ground.replica()
    starting = asyncio.create_task(replica.start())
    await asyncio.sleep(1.5)
    assert not starting.done()
    await asyncio.to_thread(fresh_kafka.restart)
    await starting
    await eventually(ground.all_taken)
    await replica.stop()
    ground.check()


async def test_a_broker_that_is_killed_while_reading_loses_and_doubles_nothing(
    fresh_kafka: KafkaNode, environment: str
) -> None:
    ground = await _ground(fresh_kafka.bootstrap, environment)
    replica = ground.replica()
    await replica.start()
    await ground.send(200)
    await asyncio.to_thread(fresh_kafka.kill)
    await asyncio.to_thread(fresh_kafka.restart)
    await ground.send(200)
    await eventually(ground.all_taken)
    await replica.stop()
    await ground.producer.stop()
    ground.check()
    assert replica.failures == []
