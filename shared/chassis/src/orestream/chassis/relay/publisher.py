"""The relay's side of Kafka: take over a transactional id, find the cursor, publish rows with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiokafka import ConsumerRecord, TopicPartition

from orestream.chassis.errors import HistoryDiverged
from orestream.chassis.kafka.producer import RelayProducer
from orestream.chassis.kafka.tail import Last, TailReader, tail_reader
from orestream.chassis.logs import Event, logger
from orestream.chassis.records import Series
from orestream.chassis.relay.batches import pack
from orestream.chassis.relay.confirming import Confirming
from orestream.chassis.relay.cursor import START, Cursor, CursorUnreadable
from orestream.chassis.relay.history import check_visible
from orestream.chassis.relay.settling import Unmarked, settle
from orestream.chassis.settings import Settings
from orestream.chassis.steps import Step, reached
from orestream.chassis.store.outbox_row import OutboxRow

log = logger(__name__)

TRANSACTION_PATIENCE = 15.0
"""Seconds; with the broker gone the client would go on trying for twice as long."""
START_PATIENCE = 15.0
LOOK_PATIENCE = 5.0
UNEXPECTED = 2_000
"""Offsets looked through where none of ours should stand: other sites' facts may fill the whole topic."""


class NotVisibleYet(Exception):
    """Another writer's open transaction hides whether our last records are there; it will end."""


class TakenOver(Exception):
    """Another replica has published between our two looks at the topics, so they cannot be compared."""

    def __str__(self) -> str:
        return "another replica has published meanwhile"


class MarkersMissing(Exception):
    """Kafka has ended a transaction without marking its end everywhere; the next start settles it."""


class Publisher(Protocol):
    """What the relay asks of Kafka. Anything raised but `HistoryDiverged` is a doubt: discard, start anew."""

    async def start(self) -> Cursor:
        """Fence every predecessor, then read the cursor and compare it with what is visible."""

    async def look(self) -> Cursor:
        """The cursor as it stands, disturbing nobody."""

    async def publish(self, rows: Sequence[OutboxRow], cursor: Cursor) -> None:
        """Make rows and cursor visible, all or nothing; returns only when they are."""

    async def confirm(self) -> None:
        """See that what was published is marked as such on its partitions. Raises `MarkersMissing`."""

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
    _confirming: Confirming = field(default_factory=Confirming, init=False)

    async def start(self) -> Cursor:
        """See `Publisher`; the order matters: a cursor read before the fence could still move."""
        assert self._producer is None, "the producer before was not discarded"
        self._producer = self.new_producer(self.settings, self.transactional_id)
        async with asyncio.timeout(START_PATIENCE):
            await self._producer.start()
            self._confirming = Confirming()
            await self._settle(self._producer)
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
            self._confirming.begun += 1
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
            self._confirming.ended = self._confirming.begun
            await reached(Step.ENDED)

    async def confirm(self) -> None:
        """See `Publisher`; a transaction must be found open twice, since markers follow a moment later."""
        producer, confirming = self._producer, self._confirming
        if producer is None or not confirming.needed:
            return
        ended = confirming.ended
        async with asyncio.timeout(LOOK_PATIENCE):
            unmarked = await producer.unmarked(self._partitions())
        missing = confirming.judge({Series(*tp): start for tp, start in unmarked.items()}, ended)
        if missing:
            raise MarkersMissing(f"the end of a transaction is not marked on {_names(missing)}")

    async def discard(self) -> None:
        """See `Publisher`."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.discard()

    def _partitions(self) -> list[TopicPartition]:
        """Every partition that a transaction of ours may have written to."""
        return [TopicPartition(*series) for series in (*self.outputs, Series(self.cursor_topic, 0))]

    async def _settle(self, producer: RelayProducer) -> None:
        """Give what our predecessors' transactions left without an end the outcome of their other parts."""
        unmarked = {Series(*tp) for tp in await producer.unmarked(self._partitions())}
        if not unmarked:
            return
        async with tail_reader(self.settings) as reader:
            settlement = settle(await self._standing(reader, unmarked))
        cursor = Series(self.cursor_topic, 0)
        for places, commit in ((settlement.commit, True), (settlement.abort, False)):
            marked = places | (
                {cursor} if cursor in unmarked and settlement.commit_cursor is commit else set()
            )
            if marked:
                log.warning(Event.RELAY_SETTLED, partitions=_names(sorted(marked)), committed=commit)
                await producer.mark([TopicPartition(*place) for place in marked], commit=commit)

    async def _standing(self, reader: TailReader, unmarked: set[Series]) -> Unmarked:
        cursor_at = TopicPartition(self.cursor_topic, 0)
        hidden = [TopicPartition(*place) for place in self.outputs if place in unmarked]
        others = [TopicPartition(*place) for place in self.outputs if place not in unmarked]
        behind = reader.with_hidden()
        written = (await (behind if cursor_at in unmarked else reader).last([cursor_at], self._is_cursor))[
            cursor_at
        ].record
        return Unmarked(
            cursor=START if written is None else _cursor_in(written),
            cursor_hidden=cursor_at in unmarked,
            hidden=_sequences(await behind.last(hidden, self._is_own)),
            visible=_sequences(await reader.last(others, self._is_own)) if cursor_at in unmarked else {},
        )

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
        visible = _sequences(last)
        hidden = frozenset(Series(*tp) for tp, seen in last.items() if not seen.complete)
        if not check_visible(cursor, visible, hidden):
            raise NotVisibleYet(
                f"the ends of {sorted(hidden)} are hidden by another writer's open transaction"
            )

    def _is_cursor(self, record: ConsumerRecord) -> bool:
        return bool(record.key == self.transactional_id.encode())

    def _is_own(self, record: ConsumerRecord) -> bool:
        return ("ce_source", self.source.encode()) in record.headers and sequence_of(record) > 0


def _sequences(last: Mapping[TopicPartition, Last]) -> dict[Series, int]:
    """The sequence of each partition's last record, where one was found."""
    return {Series(*tp): sequence_of(seen.record) for tp, seen in last.items() if seen.record is not None}


def _names(places: Iterable[Series]) -> str:
    return ", ".join(f"{topic}/{partition}" for topic, partition in places)


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
