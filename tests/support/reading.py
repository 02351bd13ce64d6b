"""Reading topics as any subscriber does."""

from __future__ import annotations

from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from orestream.chassis.records import Series


async def visible(
    bootstrap: str, series: Iterable[Series], source: str | None = None
) -> list[ConsumerRecord]:
    """Everything read_committed on these partitions up to their stable end, of one source where given."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(*one) for one in series]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        records: list[ConsumerRecord] = []
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=100)).values():
                records.extend(batch)
    finally:
        await consumer.stop()
    return [record for record in records if source is None or _source(record) == source]


def sequence_of(record: ConsumerRecord) -> int:
    """Its `ce_sequence`."""
    return int(dict(record.headers)["ce_sequence"])


def _source(record: ConsumerRecord) -> str | None:
    value = dict(record.headers).get("ce_source")
    return None if value is None else value.decode()
