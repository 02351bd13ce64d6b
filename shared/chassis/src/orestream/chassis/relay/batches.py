"""Outbox rows as one Kafka transaction: how many of them, and which batches they make."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from orestream.chassis.errors import OutboxBroken
from orestream.chassis.records import Series
from orestream.chassis.relay.record_batch import BATCH_BYTES, RecordBatch
from orestream.chassis.store.outbox_row import OutboxRow


def cut(rows: Sequence[OutboxRow], per_partition: int) -> int:
    """How many rows make the next transaction: whole decisions, a partition's share not exceeded.

    The first decision goes whole whatever its size; `rows` ends at the end of a decision.
    """
    counts: dict[tuple[str, int], int] = {}
    whole = 0
    for index, (_, _, _, end, topic, partition, *_) in enumerate(rows, 1):
        place = topic, partition
        count = counts[place] = counts.get(place, 0) + 1
        if count > per_partition and whole:
            return whole
        if end:
            whole = index
    return whole


def pack(
    rows: Sequence[OutboxRow], room: int = BATCH_BYTES, *, transactional: bool = True
) -> Iterator[tuple[Series, RecordBatch]]:
    """The rows in batches, per partition in order; a full batch is followed by another.

    Raises:
        OutboxBroken: a row is too large for any batch; its size should have been bounded before the commit.
    """
    # a broker refuses times in its future, which would wedge the outbox
    latest = time.time_ns() // 1_000_000
    open_batches: dict[tuple[str, int], RecordBatch] = {}
    for row in rows:
        place = row.topic, row.partition
        batch = open_batches.get(place)
        if batch is not None:
            if batch.add(row, latest):
                continue
            yield Series(*place), batch
        batch = open_batches[place] = RecordBatch(room, transactional=transactional)
        if not batch.add(row, latest):
            raise OutboxBroken(f"outbox row {row.position} does not fit into an empty batch")
    for place, batch in open_batches.items():
        yield Series(*place), batch
