"""Outbox rows as one Kafka transaction: how many of them, and which batches they make."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from orestream.chassis.errors import OutboxBroken
from orestream.chassis.records import Series
from orestream.chassis.store.outbox_row import OutboxRow


class Batch(Protocol):
    """The client library's batch builder."""

    def append(
        self, *, timestamp: int, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
    ) -> Any:
        """None where the batch is full."""

    def close(self) -> None:
        """Nothing more goes in."""


def cut(rows: Sequence[OutboxRow], per_partition: int) -> int:
    """How many rows make the next transaction: whole decisions, a partition's share not exceeded.

    The first decision goes whole whatever its size; `rows` ends at the end of a decision.
    """
    counts: dict[Series, int] = {}
    whole = 0
    for index, row in enumerate(rows):
        place = Series(row.topic, row.partition)
        counts[place] = counts.get(place, 0) + 1
        if counts[place] > per_partition and whole:
            return whole
        if row.decision_end:
            whole = index + 1
    return whole


def pack(rows: Sequence[OutboxRow], new_batch: Any) -> Iterator[tuple[Series, Batch]]:
    """The rows in batches, per partition in order; a full batch is followed by another."""
    latest = time.time_ns() // 1_000_000
    open_batches: dict[Series, Batch] = {}
    for row in rows:
        place = Series(row.topic, row.partition)
        batch = open_batches.get(place)
        if batch is None:
            batch = open_batches[place] = new_batch()
        elif not _append(batch, row, latest):
            batch.close()
            yield place, batch
            batch = open_batches[place] = new_batch()
        else:
            continue
        # a first record always fits: its size was bounded before the database committed
        if not _append(batch, row, latest):
            raise OutboxBroken(f"outbox row {row.position} does not fit into an empty batch")
    yield from open_batches.items()


def _append(batch: Batch, row: OutboxRow, latest: int) -> bool:
    """False where the batch is full. A broker refuses times in its future, which would wedge the outbox."""
    stamp = min(row.timestamp_ms, latest)
    return batch.append(timestamp=stamp, key=row.key, value=row.value, headers=list(row.headers)) is not None
