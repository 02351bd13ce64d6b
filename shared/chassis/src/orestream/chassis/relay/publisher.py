"""The relay's side of Kafka: take over a transactional id, find the cursor, publish rows with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiokafka import ConsumerRecord, TopicPartition

from orestream.chassis.errors import HistoryDiverged
from orestream.chassis.kafka.producer import RelayProducer
from orestream.chassis.kafka.tail import TailReader, tail_reader
from orestream.chassis.records import Series
from orestream.chassis.relay.batches import pack
from orestream.chassis.relay.cursor import START, Cursor, CursorUnreadable
from orestream.chassis.relay.history import check_visible
from orestream.chassis.settings import Settings
from orestream.chassis.steps import Step, reached
from orestream.chassis.store.outbox_row import OutboxRow

TRANSACTION_PATIENCE = 15.0
"""Seconds; with the broker gone the client would go on trying for twice as long."""
START_PATIENCE = 15.0
UNEXPECTED = 2_000
"""Offsets looked through where none of ours should stand: other sites' facts may fill the whole topic."""


class NotVisibleYet(Exception):
    """Another writer's open transaction hides whether our last records are there; it will end."""


class TakenOver(Exception):
    """Another replica has published between our two looks at the topics, so they cannot be compared."""

    def __str__(self) -> str:
        return "another replica has published meanwhile"


class Publisher(Protocol):
    """What the relay asks of Kafka. Anything raised but `HistoryDiverged` is a doubt: discard, start anew."""

    async def start(self) -> Cursor:
        """Fence every predecessor, then read the cursor and compare it with what is visible."""

    async def look(self) -> Cursor:
        """The cursor as it stands, disturbing nobody."""

    async def publish(self, rows: Sequence[OutboxRow], cursor: Cursor) -> None:
        """Make rows and cursor visible, all or nothing; returns only when they are."""

    async def discard(self) -> None:
        """Throw away whatever there is. Never raises for Kafka's reasons."""


@dataclass(slots=True)
class KafkaPublisher:
    """`Publisher` on Kafka transactions."""

    settings: Settings
    transactional_id: str
    cursor_topic: str
    source: str
    """`ce_source` of our own records."""
    outputs: Sequence[Series]
    """Every partition that our records may stand on."""
    new_producer: Callable[[Settings, str], RelayProducer] = RelayProducer
    _producer: RelayProducer | None = field(default=None, init=False)

    async def start(self) -> Cursor:
        """See `Publisher`; the order matters: a cursor read before the fence could still move."""
        assert self._producer is None, "the producer before was not discarded"
        self._producer = self.new_producer(self.settings, self.transactional_id)
        async with asyncio.timeout(START_PATIENCE):
            await self._producer.start()
            return await self._read_cursor()

    async def look(self) -> Cursor:
        """See `Publisher`."""
        async with asyncio.timeout(START_PATIENCE), tail_reader(self.settings) as reader:
            return await self._last_cursor(reader)

    async def publish(self, rows: Sequence[OutboxRow], cursor: Cursor) -> None:
        """See `Publisher`."""
        producer = self._producer
        assert producer is not None, "publish before start"
        async with asyncio.timeout(TRANSACTION_PATIENCE):
            await reached(Step.BEFORE_BEGIN)
            await producer.begin_transaction()
            await reached(Step.BEGUN)
            sent = [
                await producer.send_batch(batch, place.topic, partition=place.partition)
                for place, batch in pack(rows)
            ]
            await reached(Step.PRODUCED)
            key, value = self.transactional_id.encode(), cursor.write()
            sent.append(await producer.send(self.cursor_topic, key=key, value=value, partition=0))
            # each of them: a commit returns normally although a batch of its transaction failed
            await asyncio.gather(*sent)
            await reached(Step.BEFORE_END)
            await producer.commit_transaction()
            await reached(Step.ENDED)

    async def discard(self) -> None:
        """See `Publisher`."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.discard()

    async def _read_cursor(self) -> Cursor:
        """The cursor, once it is sure that what is visible is what it says."""
        async with tail_reader(self.settings) as reader:
            cursor = await self._last_cursor(reader)
            try:
                await self._compare(cursor, reader)
            except HistoryDiverged:
                if await self._last_cursor(reader) != cursor:
                    raise TakenOver from None
                raise
        return cursor

    async def _last_cursor(self, reader: TailReader) -> Cursor:
        place = TopicPartition(self.cursor_topic, 0)
        found = (await reader.last([place], self._is_cursor))[place]
        if not found.complete:
            raise NotVisibleYet(f"the end of {self.cursor_topic} is hidden by an open transaction")
        return START if found.record is None else _cursor_in(found.record)

    async def _compare(self, cursor: Cursor, reader: TailReader) -> None:
        """Raises HistoryDiverged, and NotVisibleYet where it cannot be told."""
        known = [TopicPartition(*series) for series in cursor.sequences]
        others = [TopicPartition(*series) for series in self.outputs if series not in cursor.sequences]
        last = {
            **await reader.last(known, self._is_own),
            **await reader.last(others, self._is_own, deepest=UNEXPECTED),
        }
        visible = {
            Series(*tp): sequence_of(seen.record) for tp, seen in last.items() if seen.record is not None
        }
        hidden = frozenset(Series(*tp) for tp, seen in last.items() if not seen.complete)
        if not check_visible(cursor, visible, hidden):
            raise NotVisibleYet(
                f"the ends of {sorted(hidden)} are hidden by another writer's open transaction"
            )

    def _is_cursor(self, record: ConsumerRecord) -> bool:
        return bool(record.key == self.transactional_id.encode())

    def _is_own(self, record: ConsumerRecord) -> bool:
        return ("ce_source", self.source.encode()) in record.headers and sequence_of(record) > 0


def sequence_of(record: ConsumerRecord) -> int:
    """The `ce_sequence` of a record; 0 where it has none that can be read."""
    for name, value in record.headers:
        if name == "ce_sequence" and value.isdigit():
            return int(value)
    return 0


def _cursor_in(record: ConsumerRecord) -> Cursor:
    try:
        return Cursor.read(record.value)
    except CursorUnreadable as error:
        raise HistoryDiverged(f"{record.topic}/{record.partition}/{record.offset}: {error}") from error
