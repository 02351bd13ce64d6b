"""Reads topics with read_committed: to where they end now, or on and on as they grow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from orestream.chassis.records import Fetched
from orestream.chassis.settings import Settings
from orestream.cli.failing import Unusable
from orestream.cli.reaching import committed_consumer, partition_counts, reaching, unreachable

PATIENCE = 30.0
"""Seconds without a record, though the end is not reached, after which Kafka counts as gone."""
_POLL_MS = 200

Offsets = dict[TopicPartition, int]
Start = Literal["beginning", "end"] | datetime


@dataclass(slots=True)
class TopicReader:
    """One consumer's view of some topics; records of a partition come in order."""

    settings: Settings
    consumer: AIOKafkaConsumer
    counts: Mapping[str, int]
    """Topic → partitions."""
    patience: float = field(default=PATIENCE)

    @property
    def partitions(self) -> list[TopicPartition]:
        """Every partition of every topic."""
        return [
            TopicPartition(topic, index) for topic, count in self.counts.items() for index in range(count)
        ]

    async def ends(self, topics: Iterable[str] | None = None) -> Offsets:
        """Where the committed records end now, topic after topic in the order given."""
        found: Offsets = {}
        for topic in topics or self.counts:
            asked = [tp for tp in self.partitions if tp.topic == topic]
            with reaching(self.settings):
                found.update(await self.consumer.end_offsets(asked))
        return found

    async def starts(self, at: Start) -> Offsets:
        """Offsets at the beginning, at the end, or of the first records written at a time."""
        with reaching(self.settings):
            if at == "end":
                return await self.ends()
            begins: Offsets = await self.consumer.beginning_offsets(self.partitions)
            if at == "beginning":
                return begins
            ms = round(at.timestamp() * 1000)
            found = await self.consumer.offsets_for_times(dict.fromkeys(self.partitions, ms))
        ends = await self.ends()
        return {tp: place.offset if (place := found[tp]) is not None else ends[tp] for tp in begins}

    async def between(
        self, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> list[Fetched]:
        """Every committed record from the starts up to the ends, each partition in order. Raises Unusable."""
        return [record async for records in self.passing(starts, ends) for record in records]

    async def passing(
        self,
        starts: Mapping[TopicPartition, int],
        ends: Mapping[TopicPartition, int],
        progress: Callable[[int], None] = lambda _: None,
    ) -> AsyncIterator[list[Fetched]]:
        """The same, as they are read; `progress` is told how many offsets more have been passed.

        Raises:
            Unusable: Kafka stops answering before the ends are reached.
        """
        pending = {tp for tp, end in ends.items() if starts[tp] < end}
        places = {tp: starts[tp] for tp in pending}
        self._assign(places)
        idle_since = asyncio.get_running_loop().time()
        while pending:
            with reaching(self.settings):
                polled = await self.consumer.getmany(*pending, timeout_ms=_POLL_MS)
            for tp, records in polled.items():
                yield [_fetched(record) for record in records if record.offset < ends[tp]]
            now_at = {tp: min(await self.consumer.position(tp), ends[tp]) for tp in pending}
            progress(sum(now_at.values()) - sum(places[tp] for tp in pending))
            places |= now_at
            done = {tp for tp in pending if places[tp] >= ends[tp]}
            self._pause(done)
            pending -= done
            now = asyncio.get_running_loop().time()
            if polled or done:
                idle_since = now
            elif now - idle_since > self.patience:
                raise unreachable(self.settings)

    async def follow(self, starts: Mapping[TopicPartition, int]) -> AsyncIterator[list[Fetched]]:
        """Committed records from the starts on, as they come; an empty list now and then when none do."""
        self._assign(starts)
        while True:
            with reaching(self.settings):
                polled = await self.consumer.getmany(timeout_ms=_POLL_MS)
            yield [_fetched(record) for records in polled.values() for record in records]

    def _assign(self, starts: Mapping[TopicPartition, int]) -> None:
        self.consumer.assign(list(starts))
        for tp, offset in starts.items():
            self.consumer.seek(tp, offset)

    def _pause(self, partitions: Iterable[TopicPartition]) -> None:
        done = list(partitions)
        if done:
            self.consumer.pause(*done)


@asynccontextmanager
async def topic_reader(settings: Settings, topics: Sequence[str]) -> AsyncIterator[TopicReader]:
    """A reader of these topics, all of which must exist. Raises Unusable."""
    counts = await partition_counts(settings, topics)
    async with committed_consumer(settings) as consumer:
        yield TopicReader(settings, consumer, counts)


def _fetched(record: ConsumerRecord) -> Fetched:
    return Fetched(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        tuple(record.headers),
        record.value,
        record.timestamp,
    )


__all__ = ["Start", "TopicReader", "Unusable", "topic_reader"]
