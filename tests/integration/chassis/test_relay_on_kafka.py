"""The relay on a real broker: each row visible once, whatever happens to producers and requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from aiokafka.errors import KafkaError, RequestTimedOutError
from aiokafka.protocol.transaction import EndTxnRequest

from orestream.chassis.errors import HistoryDiverged
from orestream.chassis.health import Progress
from orestream.chassis.kafka.admin import admin_client, apply, plan
from orestream.chassis.kafka.producer import RelayProducer
from orestream.chassis.kafka.tail import TailReader
from orestream.chassis.metrics import Metrics
from orestream.chassis.records import Series
from orestream.chassis.relay.cursor import Cursor
from orestream.chassis.relay.lease import Lease
from orestream.chassis.relay.publisher import KafkaPublisher, TakenOver
from orestream.chassis.relay.relay import Limits, Relay
from orestream.chassis.settings import Settings
from orestream.cli.embedded.node import KafkaNode
from orestream.contracts.topics import Topic
from tests.support.brokers import Broker, fresh_name
from tests.support.memory_outbox import MemoryOutbox
from tests.support.reading import sequence_of, visible

PARTITIONS = 3


@dataclass(frozen=True)
class Ground:
    """Topics, settings and an outbox that no other test uses."""

    settings: Settings
    facts: str
    cursor: str
    outbox: MemoryOutbox

    @property
    def outputs(self) -> list[Series]:
        return [Series(self.facts, partition) for partition in range(PARTITIONS)]

    def publisher(
        self,
        new_producer: Callable[[Settings, str], RelayProducer] = RelayProducer,
        outbox: MemoryOutbox | None = None,
    ) -> KafkaPublisher:
        return KafkaPublisher(
            settings=self.settings,
            transactional_id=self.settings.name_for("mining"),
            cursor_topic=self.cursor,
            source=(outbox or self.outbox).source,
            outputs=self.outputs,
            new_producer=new_producer,
        )

    def relay(
        self, publisher: KafkaPublisher | None = None, outbox: MemoryOutbox | None = None, holder: str = "a"
    ) -> Relay:
        rows = outbox or self.outbox
        return Relay(
            outbox=rows,
            publisher=publisher or self.publisher(),
            lease=Lease(rows, "relay", holder, timedelta(seconds=4)),
            limits=Limits(poll=timedelta(milliseconds=10)),
            metrics=Metrics("mining"),
            progress=Progress(),
        )

    def fill(self, decisions: int = 20) -> None:
        out = self.outputs
        self.outbox.commit(
            *(
                [(out[i % PARTITIONS], b"k%d" % i, b"one"), (out[(i + 1) % PARTITIONS], b"k%d" % i, b"two")]
                for i in range(decisions)
            )
        )

    async def seen(self) -> list[tuple[Series, int, bytes]]:
        records = await visible(self.settings.bootstrap_servers, self.outputs, self.outbox.source)
        return sorted((Series(r.topic, r.partition), sequence_of(r), r.value) for r in records)

    def written(self) -> list[tuple[Series, int, bytes]]:
        return sorted((Series(r.topic, r.partition), r.sequence, r.value or b"") for r in self.outbox.rows)


@pytest.fixture
async def ground(kafka: Broker, environment: str) -> Ground:
    return await ground_on(kafka.bootstrap, environment)


async def ground_on(bootstrap: str, environment: str) -> Ground:
    settings = Settings(bootstrap_servers=bootstrap, env=environment)
    facts, cursor = fresh_name("facts"), fresh_name("cursor")
    topics = [
        Topic(facts, "facts", "", "", (), "mining", (), partitions=PARTITIONS),
        Topic(cursor, "cursor", "", "", (), "mining", (), partitions=1, cleanup="compact"),
    ]
    async with admin_client(settings) as admin:
        await apply(admin, await plan(admin, topics))
    return Ground(settings, facts, cursor, MemoryOutbox(source=f"/orestream/{environment}/mining"))


async def until_published(relay: Relay, ground: Ground) -> None:
    """Run until everything is visible, then stop in order."""
    task = asyncio.create_task(relay.run())
    async with asyncio.timeout(60):
        await relay.checked.wait()
        relay.stop()
        await task


async def all_visible(ground: Ground) -> None:
    """Wait until the relay has recovered: told to stop in the middle of a doubt, it ends with rows unsent."""
    async with asyncio.timeout(90):
        while len(await ground.seen()) < len(ground.outbox.rows):  # noqa: ASYNC110 - a topic has no event
            await asyncio.sleep(0.2)


async def test_rows_become_visible_once_and_in_order(ground: Ground) -> None:
    ground.fill()
    await until_published(ground.relay(), ground)
    assert await ground.seen() == ground.written()


async def test_a_new_relay_goes_on_where_the_cursor_is(ground: Ground) -> None:
    for _ in range(3):
        ground.fill()
        await until_published(ground.relay(), ground)
    assert await ground.seen() == ground.written()


async def test_a_relay_that_another_overtakes_while_it_looks_is_in_doubt_and_raises_no_alarm(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its look at the cursor and its look at the facts it sleeps for longer than the lease."""
    ground.fill()
    await until_published(ground.relay(), ground)
    ground.fill()
    true_compare = KafkaPublisher._compare

    async def overtaken(self: KafkaPublisher, cursor: Cursor, reader: TailReader) -> None:
        monkeypatch.setattr(KafkaPublisher, "_compare", true_compare)
        await until_published(ground.relay(holder="b"), ground)
        await true_compare(self, cursor, reader)

    monkeypatch.setattr(KafkaPublisher, "_compare", overtaken)
    late = ground.publisher()
    with pytest.raises(TakenOver):
        await late.start()
    await late.discard()
    assert await ground.seen() == ground.written()


async def test_a_relay_killed_between_sending_and_commit_leaves_nothing_behind(ground: Ground) -> None:
    ground.fill()

    class Dying(RelayProducer):
        async def commit_transaction(self) -> None:
            raise asyncio.CancelledError

    dying = ground.publisher(Dying)
    cursor = await dying.start()
    with pytest.raises(asyncio.CancelledError):
        await dying.publish(ground.outbox.rows, cursor)
    # nobody stops it in order: its successor has to clear up
    await until_published(ground.relay(), ground)
    await dying.discard()
    assert await ground.seen() == ground.written()


async def test_a_relay_that_was_replaced_is_fenced(ground: Ground) -> None:
    ground.fill()
    first = ground.publisher()
    cursor = await first.start()
    await until_published(ground.relay(), ground)
    with pytest.raises((KafkaError, AssertionError)):
        await first.publish(ground.outbox.rows, cursor)
    await first.discard()
    assert await ground.seen() == ground.written()


async def test_two_relays_that_ignore_the_lease_still_publish_each_row_once(ground: Ground) -> None:
    others = MemoryOutbox(source=ground.outbox.source)
    relays = [ground.relay(holder="a"), ground.relay(holder="b")]
    relays[1]._lease = Lease(others, "relay", "b", timedelta(seconds=4))
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    for _ in range(5):
        ground.fill(10)
        await asyncio.sleep(0.2)
    async with asyncio.timeout(60):
        for relay, task in zip(relays, tasks, strict=True):
            relay.stop()
            await task
    assert await ground.seen() == ground.written()


class Holding(RelayProducer):
    """A producer whose first EndTxn does not arrive in time; `held` is the copy still on its way."""

    held: list[Any]

    def __init__(self, settings: Settings, transactional_id: str) -> None:
        super().__init__(settings, transactional_id)
        self.held = []
        send = self.client.send

        async def hold_first(node_id: int, request: Any, **options: Any) -> Any:
            if isinstance(request, EndTxnRequest) and not self.held:
                self.held.append((node_id, request, options))
                raise RequestTimedOutError
            return await send(node_id, request, **options)

        self.client.send = hold_first


async def test_a_late_copy_of_endtxn_ends_nobody_elses_transaction(ground: Ground) -> None:
    ground.fill()
    first = ground.publisher(Holding)
    cursor = await first.start()
    producer = first._producer
    assert isinstance(producer, Holding)
    with pytest.raises(KafkaError, match="not known whether the transaction has ended"):
        await first.publish(ground.outbox.rows[:2], cursor)
    await first.discard()

    second = ground.publisher()
    assert await second.start() == cursor, "what was in doubt is not visible"
    following = second._producer
    assert following is not None
    await following.begin_transaction()
    open_record = await following.send(ground.facts, value=b"never committed", key=b"k", partition=0)
    await open_record
    # now the first one's copy arrives, in the middle of the second one's transaction
    node_id, request, options = producer.held[0]
    answer = await following.client.send(node_id, request, **options)
    assert answer.error_code != 0
    await second.discard()

    await until_published(ground.relay(), ground)
    assert await ground.seen() == ground.written()
    everything = await visible(ground.settings.bootstrap_servers, ground.outputs)
    assert b"never committed" not in {record.value for record in everything}


async def test_the_cursor_is_found_however_far_back_it_stands(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orestream.chassis.kafka.tail.FIRST_WINDOW", 2)
    monkeypatch.setattr("orestream.chassis.kafka.tail.WIDER", 2)
    ground.fill()
    await until_published(ground.relay(), ground)
    # aborted transactions of the same id stand behind it
    for _ in range(5):
        publisher = ground.publisher()
        await publisher.start()
        producer = publisher._producer
        assert producer is not None
        await producer.begin_transaction()
        await (await producer.send(ground.cursor, key=b"somebody", value=b"else", partition=0))
        await producer.abort_transaction()
        await publisher.discard()
    ground.fill()
    await until_published(ground.relay(), ground)
    assert await ground.seen() == ground.written()


async def test_records_without_their_cursor_halt_the_relay(ground: Ground) -> None:
    ground.fill()
    await until_published(ground.relay(), ground)
    stranger = Ground(ground.settings, ground.facts, fresh_name("cursor"), ground.outbox)
    topic = Topic(stranger.cursor, "cursor", "", "", (), "mining", (), partitions=1, cleanup="compact")
    async with admin_client(ground.settings) as admin:
        await apply(admin, await plan(admin, [topic]))
    with pytest.raises(HistoryDiverged, match="the cursor says 0"):
        await stranger.relay().run()
    assert await ground.seen() == ground.written()


async def test_a_restored_database_halts_the_relay(ground: Ground) -> None:
    ground.fill()
    await until_published(ground.relay(), ground)
    restored = MemoryOutbox(source=ground.outbox.source)
    restored.commit([(ground.outputs[0], b"k", b"another history")])
    with pytest.raises(HistoryDiverged, match="the outbox ends at 1"):
        await ground.relay(outbox=restored).run()
    assert await ground.seen() == ground.written()


async def test_many_rows_take_many_transactions_and_batches(ground: Ground) -> None:
    large = b"x" * 300_000
    ground.outbox.commit(*([(ground.outputs[0], b"k", large)] for _ in range(8)))
    ground.fill(1500)
    await until_published(ground.relay(), ground)
    assert await ground.seen() == ground.written()


async def test_a_broker_killed_and_restarted_under_load_delays_and_nothing_more(
    fresh_kafka: KafkaNode, environment: str
) -> None:
    ground = await ground_on(fresh_kafka.bootstrap, environment)
    relay = ground.relay()
    task = asyncio.create_task(relay.run())
    await relay.checked.wait()

    async def writing() -> None:
        for _ in range(60):
            ground.fill(50)
            relay.wake()
            await asyncio.sleep(0.05)

    load = asyncio.create_task(writing())
    for _ in range(2):
        await asyncio.sleep(0.7)
        await asyncio.to_thread(fresh_kafka.kill)
        await asyncio.to_thread(fresh_kafka.restart)
    await load
    await all_visible(ground)
    async with asyncio.timeout(90):
        relay.stop()
        await task
    assert await ground.seen() == ground.written()


async def test_a_broker_that_hangs_in_mid_transaction_delays_and_nothing_more(
    fresh_kafka: KafkaNode, environment: str
) -> None:
    ground = await ground_on(fresh_kafka.bootstrap, environment)
    relay = ground.relay()
    task = asyncio.create_task(relay.run())
    await relay.checked.wait()
    for _ in range(10):
        ground.fill(300)
        relay.wake()
        await asyncio.sleep(0.02)
    fresh_kafka.pause()
    ground.fill(300)
    relay.wake()
    # longer than the patience with one request: what was under way is in doubt
    await asyncio.sleep(7)
    fresh_kafka.resume()
    await all_visible(ground)
    async with asyncio.timeout(90):
        relay.stop()
        await task
    assert await ground.seen() == ground.written()
