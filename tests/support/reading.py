"""Reading topics as any subscriber does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from orestream.chassis.records import Series

PATIENCE_S = 60.0


async def visible(
    bootstrap: str, series: Iterable[Series], source: str | None = None
) -> list[ConsumerRecord]:
    """Everything read_committed on these partitions up to their end as of now, of one source where given.

    Waits where an open transaction hides the end: the broker answers a commit a moment before its markers
    stand on every partition.
    """
    partitions = [TopicPartition(*one) for one in series]
    ends = await _ends(bootstrap, partitions)
    consumer = _consumer(bootstrap, "read_committed")
    await consumer.start()
    try:
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        records: list[ConsumerRecord] = []
        async with asyncio.timeout(PATIENCE_S):
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for batch in (await consumer.getmany(timeout_ms=100)).values():
                    records.extend(batch)
    finally:
        await consumer.stop()
    return [record for record in records if source is None or _source(record) == source]


async def _ends(bootstrap: str, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
    """The high watermarks; a read_committed consumer would be told the last stable offsets."""
    consumer = _consumer(bootstrap, "read_uncommitted")
    await consumer.start()
    try:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    finally:
        await consumer.stop()
    return ends


def _consumer(bootstrap: str, isolation: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level=isolation,
    )


def sequence_of(record: ConsumerRecord) -> int:
    """Its `ce_sequence`."""
    return int(dict(record.headers)["ce_sequence"])


def _source(record: ConsumerRecord) -> str | None:
    value = dict(record.headers).get("ce_source")
    return None if value is None else value.decode()
