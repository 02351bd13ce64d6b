"""The relay's publisher without transactions, to measure what exactly-once costs. For benchmarks only.

The same rows in the same batches through an idempotent producer; the cursor is kept in memory and lost with
the process, so that a crash publishes rows twice, and a reader may see a decision cut in two.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer

from orestream.chassis import wiring
from orestream.chassis.kafka.connection import client_options
from orestream.chassis.relay.batches import pack
from orestream.chassis.relay.cursor import START, Cursor
from orestream.chassis.settings import Settings
from orestream.chassis.store.outbox_row import OutboxRow


class PlainPublisher:
    """`Publisher` that promises nothing across a crash."""

    def __init__(self, settings: Settings, cursor: Cursor = START) -> None:
        self._settings = settings
        self._cursor = cursor
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> Cursor:
        """A producer, and the cursor as this process remembers it."""
        options = client_options(self._settings)
        self._producer = AIOKafkaProducer(**options, enable_idempotence=True, acks="all", linger_ms=0)
        await self._producer.start()
        return self._cursor

    async def look(self) -> Cursor:
        """The same cursor."""
        return self._cursor

    async def publish(self, rows: Sequence[OutboxRow], cursor: Cursor) -> None:
        """Send the rows; each is visible as soon as it is written."""
        assert self._producer is not None, "publish before start"
        sent = [
            await self._producer.send_batch(batch, place.topic, partition=place.partition)
            for place, batch in pack(rows, transactional=False)
        ]
        await asyncio.gather(*sent)
        self._cursor = cursor

    async def confirm(self) -> None:
        """There are no transactions whose end could be missing."""

    async def discard(self) -> None:
        """Close the producer."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()


def instead_of_transactions() -> None:
    """Make the service that this process runs next publish without transactions."""

    def plain(*, settings: Settings, **_of_transactions: object) -> PlainPublisher:
        return PlainPublisher(settings)

    vars(wiring)["KafkaPublisher"] = plain
