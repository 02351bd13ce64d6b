"""Driving the intake: nothing a batch raises reaches the subscription, and nothing is skipped."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from orestream.chassis import steps
from orestream.chassis.errors import BreakerOpen, DatabaseUnavailable, LogOutOfRange
from orestream.chassis.health import Progress
from orestream.chassis.kafka.assignment import Polled
from orestream.chassis.kafka.driver import Driver
from orestream.chassis.kafka.metadata import Cluster, TopicSeen
from orestream.chassis.kafka.positions import check_range
from orestream.chassis.metrics import Metrics
from orestream.chassis.records import Place, Series
from tests.support.memory_intake import MemoryIntake, MemoryOffsets
from tests.support.waiting import eventually

A, B = Series("lots", 0), Series("lots", 1)
PLACES = {one: Place("cluster", "id", one.topic, one.partition) for one in (A, B)}


@dataclass
class FakeLog:
    """A consumer whose log holds `end` records, and what was asked of it."""

    begin: int = 0
    end: int = 100
    fetching: dict[Series, int] = field(default_factory=dict)
    unreachable: bool = False
    topic_id: str = "id"

    def pause(self, series: Collection[Series]) -> None:
        for one in series:
            self.fetching.pop(one, None)

    def seek(self, one: Series, offset: int) -> None:
        self.fetching[one] = offset

    def resume(self, one: Series) -> None:
        assert one in self.fetching, "resumed at no position"

    async def bounds(self, series: Collection[Series]) -> dict[Series, tuple[int, int]]:
        if self.unreachable:
            raise ConnectionError("no broker")
        return dict.fromkeys(series, (self.begin, self.end))

    async def fetched(self, series: Collection[Series]) -> dict[Series, int]:
        return {one: self.fetching[one] for one in series if one in self.fetching}

    async def cluster(self, topics: Collection[str]) -> Cluster:
        return Cluster("cluster", 1, {name: TopicSeen(name, self.topic_id, 2) for name in topics})


@dataclass
class Replica:
    """A driver with everything around it in memory."""

    offsets: MemoryOffsets = field(default_factory=MemoryOffsets)
    log: FakeLog = field(default_factory=FakeLog)
    failures: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.intake = MemoryIntake(self.offsets)
        self.progress = Progress()
        self.driver = Driver(
            intake=self.intake,
            offsets=self.offsets,
            places=PLACES,
            metrics=Metrics("mining"),
            progress=self.progress,
            on_fatal=self.failures.append,
            on_ready=lambda: None,
        )

    async def join(self, *series: Series) -> None:
        self.driver.assigned(self.log, series)
        await self.settled()

    async def settled(self) -> None:
        await eventually(self.driver.settled)

    async def poll(self, count: int = 3) -> None:
        """Hand over the next records of every partition that is fetched, as the subscription does."""
        generation = self.driver.assignment.generation
        batch = [
            cast("Polled", SimpleNamespace(topic=one.topic, partition=one.partition, offset=at + i, key=b"k",
                                         headers=[], value=b"v", timestamp=1))
            for one, at in self.log.fetching.items() for i in range(count)
        ]  # fmt: skip
        for one in self.log.fetching:
            self.log.fetching[one] += count
        await self.driver.receive(batch, generation)

    @property
    def taken(self) -> list[tuple[int, int]]:
        return [(record.partition, record.offset) for record in self.offsets.taken]


async def test_reading_begins_with_the_log_and_goes_on_from_the_database() -> None:
    replica = Replica(log=FakeLog(begin=7))
    await replica.join(A)
    await replica.poll()
    assert replica.taken == [(0, 7), (0, 8), (0, 9)]
    again = Replica(offsets=replica.offsets)
    await again.join(A)
    await again.poll(1)
    assert replica.taken[-1] == (0, 10)


async def test_a_passing_failure_skips_nothing_and_repeats_nothing() -> None:
    replica = Replica()
    await replica.join(A, B)
    replica.offsets.away = True
    await replica.poll()
    assert replica.log.fetching == {}
    replica.offsets.away = False
    await replica.settled()
    await replica.poll()
    assert sorted(replica.taken) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert replica.failures == []


@pytest.mark.parametrize("settled_twice", [False, True])
async def test_a_failure_before_a_batch_is_looked_at_skips_nothing(settled_twice: bool) -> None:
    replica = Replica()
    await replica.join(A, B)
    await replica.poll(1)

    async def lose(_step: steps.Step) -> None:
        steps.watch(None)
        if settled_twice:
            replica.driver.assigned(replica.log, [A])
        raise DatabaseUnavailable("the connection was lost")

    steps.watch(lose)
    await replica.poll()
    await replica.settled()
    await replica.poll(2)
    assert sorted(replica.taken) == [(one, at) for one in (0, 1) for at in range(3)]
    assert not replica.failures


async def test_a_fault_before_a_batch_is_looked_at_stops_the_service() -> None:
    replica = Replica()
    await replica.join(A)

    async def fail(_step: steps.Step) -> None:
        steps.watch(None)
        raise LookupError("a fault of this program")

    steps.watch(fail)
    await replica.poll()
    assert [type(error) for error in replica.failures] == [LookupError]
    await replica.poll()
    assert not replica.taken


async def test_a_commit_in_doubt_is_looked_up_before_anything_else_is_taken() -> None:
    replica = Replica()
    await replica.join(A)
    replica.intake.after_commit = replica.offsets.reach
    replica.intake.before_commit = lambda: setattr(replica.offsets, "away", True)
    await replica.poll()
    replica.intake.before_commit = replica.intake.after_commit = lambda: None
    replica.offsets.away = False
    await replica.settled()
    await replica.poll()
    assert replica.taken == [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5)]


async def test_a_batch_that_another_replica_has_taken_is_dropped_and_the_offset_read_again() -> None:
    replica = Replica()
    await replica.join(A)
    place = PLACES[A]
    replica.intake.before_commit = lambda: replica.offsets.next.update({place: 2})
    await replica.poll()
    replica.intake.before_commit = lambda: None
    await replica.settled()
    await replica.poll(1)
    assert replica.taken == [(0, 2)]


async def test_a_batch_fetched_before_a_rebalance_is_never_taken() -> None:
    replica = Replica()
    await replica.join(A)
    fetched_at = replica.driver.assignment.generation
    await replica.driver.revoked([A])
    await replica.join(A)
    stale = SimpleNamespace(topic="lots", partition=0, offset=0, key=b"k", headers=[], value=b"", timestamp=1)
    await replica.driver.receive([cast("Polled", stale)], fetched_at)
    assert replica.taken == []


async def test_while_kafka_is_away_a_partition_waits_and_then_goes_on() -> None:
    replica = Replica(log=FakeLog(unreachable=True))
    replica.driver.assigned(replica.log, [A])
    await asyncio.sleep(0.05)
    assert replica.log.fetching == {}
    replica.log.unreachable = False
    await replica.settled()
    assert replica.log.fetching == {A: 0}


@pytest.mark.parametrize("error", [BreakerOpen("too many fail"), TypeError("a fault of the program")])
async def test_what_no_waiting_mends_stops_the_service(error: Exception) -> None:
    replica = Replica()
    await replica.join(A)

    def fail() -> None:
        raise error

    replica.intake.before_commit = fail
    await replica.poll()
    assert replica.failures == [error]
    assert replica.log.fetching == {}
    assert replica.taken == []


async def test_records_deleted_before_they_were_taken_stop_the_service_and_are_named() -> None:
    offsets = MemoryOffsets(next={PLACES[A]: 3})
    replica = Replica(offsets=offsets, log=FakeLog(begin=5))
    replica.driver.assigned(replica.log, [A])
    await eventually(lambda: replica.failures)
    (failure,) = replica.failures
    assert isinstance(failure, LogOutOfRange)
    assert "lots/0 begins at offset 5, but 3 comes next: the records 3 to 4 were deleted" in str(failure)


def test_a_log_that_ends_too_early_is_given_a_moment_before_it_counts_as_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("orestream.chassis.kafka.positions.monotonic", lambda: now)
    since = check_range({A: 9}, {A: (0, 5)}, None)
    assert since == 100.0
    now = 110.0
    assert check_range({A: 9}, {A: (0, 5)}, since) == 100.0
    assert check_range({A: 9}, {A: (0, 9)}, since) is None
    now = 116.0
    with pytest.raises(LogOutOfRange, match="ends at offset 5, but 9 comes next"):
        check_range({A: 9}, {A: (0, 5)}, since)


async def test_nothing_is_taken_once_it_has_to_stop() -> None:
    replica = Replica()
    await replica.join(A)
    generation = replica.driver.assignment.generation
    await replica.driver.stop(1.0)
    late = SimpleNamespace(topic="lots", partition=0, offset=0, key=b"k", headers=[], value=b"", timestamp=1)
    await replica.driver.receive([cast("Polled", late)], generation)
    assert replica.taken == []
    assert replica.log.fetching == {}


async def test_a_topic_made_anew_under_a_reader_stops_the_service() -> None:
    replica = Replica()
    await replica.join(A)
    assert await replica.driver.inspect(None) is None
    replica.log.topic_id = "another"
    with pytest.raises(LogOutOfRange, match="was deleted and made anew"):
        await replica.driver.inspect(None)


async def test_lag_and_age_tell_how_far_behind_a_replica_is() -> None:
    replica = Replica(log=FakeLog(end=5))
    await replica.join(A, B)
    await replica.driver.inspect(None)
    assert measured(replica, "lag_records", 'partition="0"') == 5
    await replica.poll(5)
    await replica.driver.inspect(None)
    assert measured(replica, "lag_records", 'partition="0"') == 0
    assert measured(replica, "oldest_unprocessed_seconds", "") == 0
    replica.log.end = 9
    replica.offsets.away = True
    await replica.poll(1)
    replica.offsets.away = False
    await replica.settled()
    await replica.driver.inspect(None)
    assert (measured(replica, "oldest_unprocessed_seconds", "") or 0) > 1_000_000
    await replica.driver.revoked([B])
    await replica.driver.inspect(None)
    assert measured(replica, "lag_records", 'partition="1"') is None


async def test_the_end_of_a_transaction_is_nothing_that_has_to_be_taken() -> None:
    """It has an offset of its own, and no record: fetching passes it, the stored offset does not."""
    replica = Replica(log=FakeLog(end=6))
    await replica.join(A)
    await replica.poll(5)
    await replica.driver.inspect(None)
    assert measured(replica, "lag_records", 'partition="0"') == 1
    replica.log.fetching[A] = 6
    await replica.driver.inspect(None)
    assert measured(replica, "lag_records", 'partition="0"') == 0
    assert replica.progress.stalled == 0


def measured(replica: Replica, name: str, label: str) -> float | None:
    for line in replica.driver._metrics.exposition().decode().splitlines():
        if line.startswith(f"orestream_{name}{{") and label in line:
            return float(line.rsplit(" ", 1)[1])
    return None
