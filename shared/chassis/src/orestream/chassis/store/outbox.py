"""The outbox: positions and sequences without holes, transactions linked to the one before."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from orestream.chassis.store.outbox_row import OutboxRow
from orestream.chassis.store.statement import bulk, plain
from orestream.chassis.store.transaction import Transaction
from orestream.chassis.wire_headers import Unnumbered


class Entry(NamedTuple):
    """A record to publish, before it has its numbers."""

    topic: str
    partition: int
    key: bytes | None
    headers: Unnumbered
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the outbox."""

    position: int
    link: str


_HEAD = plain("SELECT position, link FROM outbox_head")
_LOCK_HEAD = plain("SELECT position, link FROM outbox_head {for_update}")
_MOVE_HEAD = plain("UPDATE outbox_head SET position = $1, link = $2")
_SEQUENCES = bulk(
    "SELECT s.topic, s.partition, s.last FROM {given}"
    " JOIN sequence s ON s.topic = given.topic AND s.partition = given.partition",
    topic="text",
    partition="bigint",
)
_MOVE_SEQUENCES = bulk(
    "INSERT INTO sequence (topic, partition, last) SELECT topic, partition, last FROM {given} WHERE true"
    " ORDER BY topic, partition ON CONFLICT (topic, partition) DO UPDATE SET last = excluded.last",
    topic="text",
    partition="bigint",
    last="bigint",
)
_COLUMNS = (
    "position, link, previous_link, decision_end, topic, partition, sequence, key, headers,"
    " value, timestamp_ms"
)
_INSERT = bulk(
    f"INSERT INTO outbox ({_COLUMNS}) SELECT position, link, previous_link, decision_end, topic, partition,"
    " sequence, key, headers, value, {now} FROM {given}",
    position="bigint",
    link="text",
    previous_link="text",
    decision_end="boolean",
    topic="text",
    partition="bigint",
    sequence="bigint",
    key="bytea",
    headers="bytea",
    value="bytea",
)
_AFTER = plain(f"SELECT {_COLUMNS} FROM outbox WHERE position > $1 ORDER BY position LIMIT $2")
_AGE = plain("SELECT {now} - (SELECT timestamp_ms FROM outbox WHERE position > $1 ORDER BY position LIMIT 1)")
_PRUNE = plain(
    "DELETE FROM outbox WHERE position IN (SELECT position FROM"
    " (SELECT position, timestamp_ms FROM outbox WHERE position < $1 ORDER BY position LIMIT $3) AS oldest"
    " WHERE timestamp_ms < {now} - $2)"
)
"""Looks at no more than it may delete."""
PRUNED_AT_ONCE = 10_000


async def append(transaction: Transaction, decisions: Sequence[Sequence[Entry]]) -> None:
    """Give numbers to the records of decisions and write them.

    Locks the counters, so it comes last in a transaction.
    """
    entries = [entry for decision in decisions for entry in decision]
    if not entries:
        return
    ends = set(accumulate(len(decision) for decision in decisions))
    ((position, previous),) = await transaction.select(_LOCK_HEAD)
    link = secrets.token_hex(8)
    await transaction.run(_MOVE_HEAD, position + len(entries), link)
    last = await _advance_sequences(transaction, entries)
    rows = []
    for count, entry in enumerate(entries, 1):
        at = entry.topic, entry.partition
        sequence = last[at] = last[at] + 1
        headers = entry.headers.numbered(sequence)
        rows.append(
            (position + count, link, previous, count in ends, *at, sequence, entry.key, headers, entry.value)
        )
    await transaction.write(_INSERT, rows)


async def head(transaction: Transaction) -> Head:
    """The last position given, and the link of the last transaction that wrote."""
    ((position, link),) = await transaction.select(_HEAD)
    return Head(position, link)


async def after(transaction: Transaction, position: int, limit: int, max_bytes: int) -> list[OutboxRow]:
    """Rows behind a position, whole decisions only, at least one where there is one.

    Both limits are given up where a single decision is larger.
    """
    rows: list[OutboxRow] = []
    size = end = 0
    while True:
        page = await transaction.select(_AFTER, position + len(rows), limit)
        for row in map(OutboxRow._make, page):
            size += len(row.value or b"")
            if end and (size > max_bytes or len(rows) >= limit):
                return rows[:end]
            rows.append(row)
            if row.decision_end:
                end = len(rows)
        if len(page) < limit or (end and len(rows) >= limit):
            return rows[:end]


async def age(transaction: Transaction, position: int) -> float | None:
    """Seconds that the oldest row behind a position has waited; None where there is none."""
    ((age_ms,),) = await transaction.select(_AGE, position)
    return None if age_ms is None else max(0.0, int(age_ms) / 1000)


async def prune(transaction: Transaction, up_to: int, older_than_ms: int) -> int:
    """Delete a range of rows before a position, which itself stays; how many."""
    oldest = await age(transaction, 0)
    if oldest is None or oldest * 1000 < older_than_ms:
        # for most of a day nothing is old: one row is looked at, not a range
        return 0
    return await transaction.run(_PRUNE, up_to, older_than_ms, PRUNED_AT_ONCE)


async def _advance_sequences(
    transaction: Transaction, entries: Sequence[Entry]
) -> dict[tuple[str, int], int]:
    """Move the counters past these entries; where each stood before."""
    counts = Counter((entry.topic, entry.partition) for entry in entries)
    last = dict.fromkeys(counts, 0)
    for topic, partition, value in await transaction.read(_SEQUENCES, list(counts)):
        last[topic, partition] = value
    moved = [(*at, last[at] + count) for at, count in sorted(counts.items())]
    await transaction.write(_MOVE_SEQUENCES, moved)
    return last
