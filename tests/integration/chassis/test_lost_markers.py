"""A transaction that Kafka has ended and not marked is settled by the relay, as its other parts were."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from orestream.chassis.kafka.producer import RelayProducer
from orestream.chassis.records import Series
from orestream.chassis.relay import chores
from orestream.chassis.relay.history import follow
from orestream.cli.embedded.node import KafkaNode
from tests.integration.chassis.test_relay_on_kafka import Ground, all_visible, ground_on, until_published
from tests.support.brokers import fresh_name
from tests.support.markers import forget_marker

MARKED = 1.0
"""Seconds after the answer to EndTxn by which the markers are written, which can then be lost."""
FORGOTTEN: dict[str, Callable[[Ground], list[Series]]] = {
    "one partition of the facts": lambda ground: ground.outputs[:1],
    "every partition of the facts": lambda ground: ground.outputs,
    "the cursor": lambda ground: [Series(ground.cursor, 0)],
    "the cursor and some facts": lambda ground: [Series(ground.cursor, 0), *ground.outputs[1:]],
    "everything": lambda ground: [Series(ground.cursor, 0), *ground.outputs],
}


@pytest.fixture
async def ground(fresh_kafka: KafkaNode) -> Ground:
    return await ground_on(fresh_kafka.bootstrap, fresh_name("env"))


def crash(kafka: KafkaNode, forgotten: list[Series]) -> None:
    """Kill the broker, lose these markers, and start it again."""
    time.sleep(MARKED)
    kafka.kill()
    for topic, partition in forgotten:
        forget_marker(kafka.log.parent / "data", topic, partition)
    kafka.start()


async def hidden(ground: Ground) -> set[Series]:
    """Partitions of which read_committed does not see the end."""
    asked = [TopicPartition(*series) for series in (*ground.outputs, Series(ground.cursor, 0))]
    ends = []
    for isolation in ("read_committed", "read_uncommitted"):
        consumer = AIOKafkaConsumer(
            bootstrap_servers=ground.settings.bootstrap_servers, isolation_level=isolation
        )
        await consumer.start()
        try:
            ends.append(await consumer.end_offsets(asked))
        finally:
            await consumer.stop()
    stable, written = ends
    return {Series(*tp) for tp in asked if stable[tp] < written[tp]}


@pytest.mark.parametrize("what", FORGOTTEN)
async def test_the_next_relay_settles_what_has_no_marker(
    ground: Ground, fresh_kafka: KafkaNode, what: str
) -> None:
    for _ in range(2):
        ground.fill(6)
        await until_published(ground.relay(), ground)
    forgotten = FORGOTTEN[what](ground)
    await asyncio.to_thread(crash, fresh_kafka, forgotten)
    assert await hidden(ground) == set(forgotten)
    ground.fill(6)
    await until_published(ground.relay(), ground)
    assert await ground.seen() == ground.written()


async def test_a_running_relay_notices_and_settles_it(
    ground: Ground, fresh_kafka: KafkaNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chores, "CONFIRMED_EACH", 12.0)  # its first look comes after the crash
    relay = ground.relay()
    task = asyncio.create_task(relay.run())
    await relay.checked.wait()
    monkeypatch.setattr(chores, "CONFIRMED_EACH", 1.0)
    ground.fill(6)
    relay.wake()
    await all_visible(ground)
    await asyncio.to_thread(crash, fresh_kafka, ground.outputs)
    assert await hidden(ground) == set(ground.outputs)
    async with asyncio.timeout(90):
        while await hidden(ground):  # noqa: ASYNC110 - a topic has no event
            await asyncio.sleep(0.2)
    relay.stop()
    async with asyncio.timeout(60):
        await task
    assert await ground.seen() == ground.written()


async def test_what_was_aborted_without_a_marker_is_not_brought_back(
    ground: Ground, fresh_kafka: KafkaNode
) -> None:
    """The transaction dies before its end; the successor aborts it, and no marker of that gets anywhere."""

    class Dying(RelayProducer):
        async def commit_transaction(self) -> None:
            raise ConnectionError("gone before the end")

    ground.fill(6)
    await until_published(ground.relay(), ground)
    ground.fill(6)
    publisher = ground.publisher(Dying)
    cursor = await publisher.start()
    rows = ground.outbox.rows[cursor.position :]
    with pytest.raises(ConnectionError):
        await publisher.publish(rows, follow(cursor, rows))
    await publisher.discard()
    successor = RelayProducer(ground.settings, ground.settings.name_for("mining"))
    await successor.start()
    await successor.discard()
    await asyncio.to_thread(crash, fresh_kafka, ground.outputs)
    assert await hidden(ground) == set(ground.outputs)
    await until_published(ground.relay(), ground)
    assert await ground.seen() == ground.written()
