"""The last sequence seen of other services' facts, by source, topic and partition."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from orestream.chassis.store.statement import bulk
from orestream.chassis.store.transaction import Transaction


class Source(NamedTuple):
    """What one sequence belongs to."""

    source: str
    topic: str
    partition: int


_READ = bulk(
    "SELECT r.source, r.topic, r.partition, r.sequence FROM {given} JOIN received r"
    " ON r.source = given.source AND r.topic = given.topic AND r.partition = given.partition",
    source="text",
    topic="text",
    partition="bigint",
)
_WRITE = bulk(
    "INSERT INTO received (source, topic, partition, sequence)"
    " SELECT source, topic, partition, sequence FROM {given} WHERE true"
    " ON CONFLICT (source, topic, partition) DO UPDATE SET sequence = excluded.sequence",
    source="text",
    topic="text",
    partition="bigint",
    sequence="bigint",
)


async def read(transaction: Transaction, sources: Collection[Source]) -> dict[Source, int]:
    """The last sequence of each that has one."""
    rows = await transaction.read(_READ, list(sources))
    return {Source(source, topic, partition): last for source, topic, partition, last in rows}


async def write(transaction: Transaction, last: Mapping[Source, int]) -> None:
    """Remember the last sequences. The offsets, moved before, keep others out of these partitions."""
    await transaction.write(_WRITE, [(*source, sequence) for source, sequence in sorted(last.items())])
