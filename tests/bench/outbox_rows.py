"""An outbox full of rows like a service's own, in a database or in memory."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

from orestream.chassis.records import Series
from orestream.chassis.store import Store, outbox
from orestream.chassis.store.outbox import Entry
from orestream.chassis.store.outbox_row import OutboxRow
from orestream.chassis.wire_headers import encode
from orestream.contracts.wire import Envelope, headers_of
from tests.support.memory_outbox import MemoryOutbox

TOPICS = ("bench.lots.v1", "bench.shipments.v1", "bench.settlements.v1", "bench.outcomes.v1")
CURSOR = "bench.cursor"
SOURCE = "/orestream/main/bench"
OUTPUTS = tuple(Series(topic, partition) for topic in TOPICS for partition in range(2))
A_COMMIT = 500
"""Decisions in one database transaction."""
VALUE = b'{"lot_id":"' + b"x" * 587 + b'"}'
WHEN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


class InMemory(MemoryOutbox):
    """An outbox of any size: the same rows without a database."""

    def take(self, decisions: Sequence[Sequence[Entry]]) -> None:
        """One transaction of these decisions."""
        link, previous = secrets.token_hex(8), self.link
        for decision in decisions:
            for left, one in zip(reversed(range(len(decision))), decision, strict=True):
                self.position += 1
                place = Series(one.topic, one.partition)
                sequence = self.sequences[place] = self.sequences.get(place, 0) + 1
                numbers = self.position, link, previous, not left, *place, sequence
                headers = one.headers.numbered(sequence)
                self.rows.append(OutboxRow(*numbers, one.key, headers, one.value, 1_757_000_000_000))
        self.link = link

    async def outbox_after(self, position: int, limit: int, max_bytes: int) -> list[OutboxRow]:
        """See `relay.Outbox`."""
        del max_bytes
        rows = self.rows[position : position + limit]
        while rows and not rows[-1].decision_end:
            rows.pop()
        return rows


def decisions() -> Iterator[list[Entry]]:
    """Decisions of one, two and three records in turn, spread over all partitions."""
    number = 0
    while True:
        for size in (1, 2, 3):
            yield [entry(number + index) for index in range(size)]
            number += size


def entry(number: int) -> Entry:
    """One record with all the headers of a fact."""
    key = f"LOT-2026-{number // 3:07d}"
    id_ = str(uuid.UUID(int=number))
    envelope = Envelope(
        id=id_,
        source=SOURCE,
        type="orestream.lot.mined.v1",
        subject=key,
        time=WHEN,
        correlation_id=id_,
        causation_id=id_,
        sequence=0,
        traceparent=f"00-{id_.replace('-', '')}-00f067aa0ba902b7-01",
    )
    topic, partition = OUTPUTS[number % len(OUTPUTS)]
    return Entry(topic, partition, key.encode(), encode(headers_of(envelope)), VALUE)


async def fill(store: Store | InMemory, rows: int) -> None:
    """Commit about so many rows more."""
    source = decisions()
    written = 0
    while written < rows:
        some = list(islice(source, A_COMMIT))
        written += sum(map(len, some))
        if isinstance(store, InMemory):
            store.take(some)
            continue
        async with store.transaction() as transaction:
            await outbox.append(transaction, some)
