"""What stands on the topics, as recovery reads it: the cursor, own records, and everything that was read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from orestream.chassis.errors import LogOutOfRange, Recoverable
from orestream.chassis.kafka.connection import client_options
from orestream.chassis.records import Fetched, Series
from orestream.chassis.relay.cursor import Cursor
from orestream.chassis.relay.publisher import KafkaPublisher, NotVisibleYet
from orestream.chassis.settings import Settings


class Ledger(Protocol):
    """The topics of one service, to read from."""

    async def cursor(self) -> Cursor:
        """How far the outbox is visible; fences whoever still relays.

        Raises:
            HistoryDiverged: topics and cursor do not agree with each other.
            Recoverable: another writer's open transaction hides it.
        """

    async def begins(self, series: Collection[Series]) -> Mapping[Series, int]:
        """The first offset of each partition."""

    def read(self, since: Mapping[Series, int]) -> AsyncIterator[Fetched]:
        """The visible records of these partitions from these offsets on, to the end as of now."""


@dataclass(slots=True)
class KafkaLedger:
    """`Ledger` on Kafka."""

    publisher: KafkaPublisher
    consumer: AIOKafkaConsumer

    async def cursor(self) -> Cursor:
        """See `Ledger`."""
        try:
            return await self.publisher.start()
        except NotVisibleYet as error:
            raise Recoverable(f"{error}; try again in a moment") from error
        finally:
            await self.publisher.discard()

    async def begins(self, series: Collection[Series]) -> Mapping[Series, int]:
        """See `Ledger`."""
        found = await self.consumer.beginning_offsets([TopicPartition(*one) for one in series])
        return {Series(*tp): offset for tp, offset in found.items()}

    async def read(self, since: Mapping[Series, int]) -> AsyncIterator[Fetched]:
        """See `Ledger`. Raises LogOutOfRange where records are gone that are needed."""
        begins = await self.begins(since)
        for one, offset in since.items():
            if offset < begins[one]:
                raise LogOutOfRange(
                    f"{one.topic}/{one.partition} begins at {begins[one]}, recovery needs it from {offset} on"
                )
        ends = await self.consumer.end_offsets([TopicPartition(*one) for one in since])
        pending = {tp for tp, end in ends.items() if since[Series(*tp)] < end}
        if not pending:
            return
        self.consumer.assign(list(pending))
        for tp in pending:
            self.consumer.seek(tp, since[Series(*tp)])
        while pending:
            for tp, records in (await self.consumer.getmany(*pending, timeout_ms=200)).items():
                for record in records:
                    if record.offset < ends[tp]:
                        yield _fetched(record)
            for tp in [tp for tp in pending if await self.consumer.position(tp) >= ends[tp]]:
                pending.discard(tp)
                self.consumer.pause(tp)


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


@asynccontextmanager
async def kafka_ledger(settings: Settings, publisher: KafkaPublisher) -> AsyncIterator[KafkaLedger]:
    """A ledger with a connection of its own, closed at the end of the block."""
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
    )
    try:
        await consumer.start()
        yield KafkaLedger(publisher, consumer)
    finally:
        await consumer.stop()
