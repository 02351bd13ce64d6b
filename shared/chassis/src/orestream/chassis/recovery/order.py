"""The order in which records are taken back, and how far the inputs were read when they were written.

Rows become visible in the order of the outbox, and an input partition is read in order, each record's offset
in one transaction with the rows it caused. So a visible record that follows from an input proves that every
record before that input, in its partition, was read too, and that all they caused is visible.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from orestream.chassis.records import Fetched, Series
from orestream.chassis.recovery.standing import id_of


def in_time(records: Iterable[Fetched]) -> Iterator[Fetched]:
    """Of each partition in its own order, across partitions by the databases' clocks."""
    partitions: dict[Series, list[Fetched]] = defaultdict(list)
    for record in records:
        partitions[Series(record.topic, record.partition)].append(record)
    heads = [(rows[0].timestamp_ms, series, 0) for series, rows in partitions.items()]
    heapq.heapify(heads)
    while heads:
        _, series, index = heapq.heappop(heads)
        rows = partitions[series]
        yield rows[index]
        if index + 1 < len(rows):
            heapq.heappush(heads, (rows[index + 1].timestamp_ms, series, index + 1))


def parse_place(at: str) -> tuple[Series, int] | None:
    """`topic/partition/offset` as a record's notice names it; None where it is something else."""
    topic, partition, offset = [*at.rsplit("/", 2), "", ""][:3]
    if not (partition.isdigit() and offset.isdigit()):
        return None
    return Series(topic, int(partition)), int(offset)


def horizons(
    since: Mapping[Series, int],
    read: Iterable[tuple[Series, int]],
    inputs: Sequence[Fetched],
    causes: set[str],
) -> dict[Series, int]:
    """The offset after the last input that is known to have been read, of each partition.

    Args:
        since: where the database stands.
        read: places of inputs that own records name: answered commands, facts set aside.
        inputs: records of the fact topics from there on.
        causes: ids of the messages that own records follow from.
    """
    after = dict(since)
    for series, offset in read:
        if series in after:
            after[series] = max(after[series], offset + 1)
    for record in inputs:
        series = Series(record.topic, record.partition)
        if record.offset >= after[series] and id_of(record) in causes:
            after[series] = record.offset + 1
    return after
