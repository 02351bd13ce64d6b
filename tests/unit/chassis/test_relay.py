"""The relay publishes each row once, in order, whole decisions at a time, whatever fails where."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from aiokafka.errors import KafkaConnectionError, ProducerFenced

from orestream.chassis import backoff
from orestream.chassis.errors import HistoryDiverged
from orestream.chassis.health import Progress
from orestream.chassis.metrics import Metrics
from orestream.chassis.records import Series
from orestream.chassis.relay import chores
from orestream.chassis.relay import relay as relay_module
from orestream.chassis.relay.lease import Lease
from orestream.chassis.relay.relay import Limits, Relay
from tests.support.fake_topics import FakePublisher, FakeTopics, Fault, no_fault
from tests.support.memory_outbox import MemoryOutbox
from tests.support.waiting import eventually

LOTS, ANSWERS = Series("lots.v1", 0), Series("outcomes.v1", 1)
STEPS = (
    "before initialising",
    "before the cursor is read",
    "before sending",
    "before the commit",
    "after the commit",
)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting is not what these tests are about."""
    monkeypatch.setattr(backoff.Backoff, "next", lambda _self: 0.001)
    monkeypatch.setattr(relay_module, "STANDBY", 0.01)


def relay_of(
    outbox: MemoryOutbox, topics: FakeTopics, fault: Fault = no_fault, holder: str = "a", share: int = 4
) -> Relay:
    return Relay(
        outbox=outbox,
        publisher=FakePublisher(topics, fault),
        lease=Lease(outbox, "relay", holder, timedelta(seconds=4)),
        limits=Limits(rows=10, rows_per_partition=share, poll=timedelta(milliseconds=5)),
        metrics=Metrics("mining"),
        progress=Progress(),
    )


def fill(outbox: MemoryOutbox, transactions: int = 4) -> None:
    for _ in range(transactions):
        outbox.commit(
            [(LOTS, b"k", b"v"), (LOTS, b"k", b"v"), (ANSWERS, b"k", b"v")],
            [(ANSWERS, b"k", b"v")],
        )


async def published(relay: Relay, topics: FakeTopics, outbox: MemoryOutbox) -> None:
    """Run until all is visible, then stop."""
    task = asyncio.create_task(relay.run())
    await eventually(lambda: topics.cursor.position == outbox.position or task.done())
    await stopped(relay, task)


async def stopped(relay: Relay, task: asyncio.Task[None]) -> None:
    """Stop in order."""
    relay.stop()
    async with asyncio.timeout(10):
        await task


@contextmanager
def failing_once(at: str, nth: int, error: Exception) -> Iterator[Fault]:
    """Fail when `at` is reached for the nth time."""
    seen = 0

    def fault(step: str) -> None:
        nonlocal seen
        if step == at:
            seen += 1
            if seen == nth:
                raise error

    yield fault
    assert seen >= nth, f"{at} was reached {seen} times only"


async def test_everything_is_published_in_order_and_decisions_stay_whole() -> None:
    outbox, topics = MemoryOutbox(), FakeTopics()
    fill(outbox)
    await published(relay_of(outbox, topics), topics, outbox)
    assert topics.visible == outbox.rows
    ends = [sum(topics.transactions[: i + 1]) for i in range(len(topics.transactions))]
    assert len(ends) > 1
    assert all(outbox.rows[end - 1].decision_end for end in ends)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("error", [KafkaConnectionError("gone"), TimeoutError(), AssertionError("state")])
async def test_a_failure_at_any_step_loses_and_doubles_nothing(step: str, nth: int, error: Exception) -> None:
    outbox, topics = MemoryOutbox(), FakeTopics()
    fill(outbox)
    with failing_once("after the commit", 1, error) as first, failing_once(step, nth, error) as second:

        def fault(at: str) -> None:
            second(at)
            first(at)

        await published(relay_of(outbox, topics, fault), topics, outbox)
    assert topics.visible == outbox.rows


async def test_a_database_that_is_away_for_a_moment_delays_and_nothing_more() -> None:
    outbox, topics = MemoryOutbox(), FakeTopics()
    fill(outbox)
    outbox.away = True
    relay = relay_of(outbox, topics)
    task = asyncio.create_task(relay.run())
    await asyncio.sleep(0.05)
    assert topics.visible == []
    outbox.away = False
    await eventually(lambda: topics.cursor.position == outbox.position)
    await stopped(relay, task)
    assert topics.visible == outbox.rows


async def test_only_the_holder_of_the_lease_relays() -> None:
    outbox, topics = MemoryOutbox(), FakeTopics()
    first, second = relay_of(outbox, topics, holder="a"), relay_of(outbox, topics, holder="b")
    tasks = [asyncio.create_task(first.run())]
    await first.checked.wait()
    tasks.append(asyncio.create_task(second.run()))
    await second.checked.wait()
    assert topics.epoch == 1
    fill(outbox)
    await stopped(first, tasks[0])
    await eventually(lambda: topics.epoch == 2)
    fill(outbox)
    await eventually(lambda: topics.cursor.position == outbox.position)
    await stopped(second, tasks[1])
    assert topics.visible == outbox.rows


async def test_a_fenced_relay_reads_the_cursor_again() -> None:
    outbox, topics = MemoryOutbox(), FakeTopics()
    relay = relay_of(outbox, topics)
    task = asyncio.create_task(relay.run())
    await relay.checked.wait()
    fill(outbox, 1)
    await eventually(lambda: topics.cursor.position == outbox.position)
    topics.epoch += 1  # somebody else initialises the transactional id
    fill(outbox, 1)
    await eventually(lambda: topics.cursor.position == outbox.position)
    assert topics.epoch == 3
    await stopped(relay, task)
    assert topics.visible == outbox.rows


async def test_another_history_halts_the_relay_and_publishes_nothing() -> None:
    outbox, topics = MemoryOutbox(), FakeTopics()
    fill(outbox)
    await published(relay_of(outbox, topics), topics, outbox)
    seen = list(topics.visible)
    restored = MemoryOutbox()
    fill(restored, 2)
    with pytest.raises(HistoryDiverged, match="the outbox ends at 8"):
        await relay_of(restored, topics).run()
    fill(restored, 4)
    with pytest.raises(HistoryDiverged, match="has the link"):
        await relay_of(restored, topics).run()
    assert topics.visible == seen
    assert restored.leases == {}


@pytest.mark.parametrize("transactions", [2, 4, 6])
async def test_a_standby_does_not_let_its_intake_begin_on_another_history(transactions: int) -> None:
    """The one that has the lease may be long in comparing, or about to halt."""
    outbox, topics = MemoryOutbox(), FakeTopics()
    fill(outbox)
    await published(relay_of(outbox, topics), topics, outbox)
    restored = MemoryOutbox()
    fill(restored, transactions)
    await restored.acquire_lease("relay", "another", timedelta(minutes=1))
    standby = relay_of(restored, topics, holder="standby")
    with pytest.raises(HistoryDiverged):
        await standby.run()
    assert not standby.checked.is_set()


async def test_a_standby_that_cannot_look_at_the_topics_tries_again() -> None:
    outbox, topics = MemoryOutbox(), FakeTopics()
    fill(outbox)
    await published(relay_of(outbox, topics), topics, outbox)
    await outbox.acquire_lease("relay", "another", timedelta(minutes=1))
    with failing_once("before a look", 1, KafkaConnectionError("gone")) as fault:
        standby = relay_of(outbox, topics, fault, "standby")
        task = asyncio.create_task(standby.run())
        await standby.checked.wait()
        await stopped(standby, task)
    assert topics.epoch == 1


async def test_a_history_that_changes_under_a_running_relay_halts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    outbox, topics = MemoryOutbox(), FakeTopics()
    fill(outbox, 1)
    relay = relay_of(outbox, topics)
    monkeypatch.setattr(chores, "PAUSE", 0.0)
    task = asyncio.create_task(relay.run())
    await eventually(lambda: topics.cursor.position == outbox.position)
    outbox.rows, outbox.position, outbox.link = [], 0, ""
    with pytest.raises(HistoryDiverged, match="the outbox ends at 0"):
        await task


async def test_a_relay_that_gets_nowhere_gives_its_lease_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "STUCK", 0.05)
    outbox, topics = MemoryOutbox(), FakeTopics()
    fill(outbox)

    def broken(_step: str) -> None:
        raise KafkaConnectionError("this replica cannot reach Kafka")

    stuck, other = relay_of(outbox, topics, broken, "stuck"), relay_of(outbox, topics, holder="other")
    tasks = [asyncio.create_task(stuck.run())]
    await eventually(lambda: "relay" in outbox.leases)
    tasks.append(asyncio.create_task(other.run()))
    await eventually(lambda: topics.cursor.position == outbox.position)
    await stopped(stuck, tasks[0])
    await stopped(other, tasks[1])
    assert topics.visible == outbox.rows


async def test_fences_and_doubts_are_counted_apart() -> None:
    outbox, topics = MemoryOutbox(), FakeTopics()
    fill(outbox)
    with failing_once("before sending", 1, ProducerFenced()) as fault:
        relay = relay_of(outbox, topics, fault)
        await published(relay, topics, outbox)
    text = relay._metrics.exposition().decode()
    assert 'orestream_relay_fences_total{service="mining"} 1.0' in text
    assert 'orestream_relay_doubts_total{service="mining"} 1.0' in text
