"""An EndTxn that reaches the broker after nobody waits for its answer any more, held back by the proxy."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from orestream.chassis.kafka.connection import client_options
from orestream.chassis.kafka.endtxn import EndInDoubt
from orestream.chassis.kafka.producer import RelayProducer
from orestream.chassis.records import Series
from orestream.chassis.settings import Settings
from orestream.cli.embedded.runtime import Runtime
from tests.chaos.faults.lines import HELD_BACK_S, hold_end_back
from tests.chaos.proxy.proxy import Proxy
from tests.chaos.world.brokers import HOST, Brokers
from tests.support.reading import visible

TOPIC, ID = "facts", "dev.main.mining"
_THROUGH_S = HELD_BACK_S + 1


@dataclass(frozen=True)
class Line:
    """A broker that is reached through a proxy, and past it."""

    proxy: Proxy
    through: Settings
    past: str

    async def seen(self) -> list[bytes]:
        return [record.value for record in await visible(self.past, [Series(TOPIC, 0)])]


@pytest.fixture
async def line(kafka_runtime: Runtime, tmp_path: Path) -> AsyncIterator[Line]:
    brokers = Brokers(tmp_path, kafka_runtime, 1, ("mining",))
    door = brokers.nodes[0].doors["mining"]
    proxy = Proxy(door.proxy, (HOST, door.listener), "kafka")
    await asyncio.to_thread(brokers.start)
    await proxy.start()
    try:
        yield Line(proxy, Settings(bootstrap_servers=brokers.bootstrap_for("mining")), brokers.bootstrap)
    finally:
        await proxy.stop()
        await asyncio.to_thread(brokers.stop)


async def committed(producer: AIOKafkaProducer, value: bytes) -> None:
    await producer.begin_transaction()
    await producer.send_and_wait(TOPIC, value, partition=0)
    await producer.commit_transaction()


async def test_a_late_end_cannot_end_the_next_transaction_of_our_producer(line: Line) -> None:
    await make_topic(line)
    first = RelayProducer(line.through, ID)
    await first.start()
    line.proxy.rules.append(hold_end_back(Random(1)))
    with pytest.raises(EndInDoubt):
        await committed(first, b"in doubt")
    await first.discard()
    second = RelayProducer(line.through, ID)
    await second.start()
    try:
        await second.begin_transaction()
        await second.send_and_wait(TOPIC, b"not yet", partition=0)
        await asyncio.sleep(_THROUGH_S - line.through.request_timeout.total_seconds())
        await second.abort_transaction()
        await committed(second, b"afterwards")
    finally:
        await second.discard()
    assert await line.seen() == [b"afterwards"]


async def test_a_late_end_does_end_the_next_transaction_where_the_client_repeats_it(line: Line) -> None:
    """The proxy does what it is there for: the library's own producer shows an aborted record."""
    await make_topic(line)
    producer = AIOKafkaProducer(**client_options(line.through), transactional_id=ID, acks="all")
    await producer.start()
    try:
        line.proxy.rules.append(hold_end_back(Random(1)))
        await committed(producer, b"first")
        await producer.begin_transaction()
        await producer.send_and_wait(TOPIC, b"to be aborted", partition=0)
        await asyncio.sleep(_THROUGH_S - line.through.request_timeout.total_seconds())
        # the broker may have no such transaction any more; what is visible is asked below
        with contextlib.suppress(KafkaError):
            await producer.abort_transaction()
    finally:
        await producer.stop()
    assert await line.seen() == [b"first", b"to be aborted"]


async def make_topic(line: Line) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=line.past)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, 1, 1)])
    finally:
        await admin.close()
