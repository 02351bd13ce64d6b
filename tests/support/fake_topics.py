"""Kafka transactions in memory, as the relay uses them: fenced, all or nothing, failing on demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiokafka.errors import ProducerFenced

from orestream.chassis.relay.cursor import START, Cursor
from orestream.chassis.store.outbox_row import OutboxRow

Fault = Callable[[str], None]
"""Called at each step by its name; raises to make it fail there."""


def no_fault(_step: str) -> None:
    """Everything works."""


@dataclass(slots=True)
class FakeTopics:
    """What read_committed sees, shared by all replicas."""

    visible: list[OutboxRow] = field(default_factory=list)
    transactions: list[int] = field(default_factory=list)
    """Rows of each."""
    cursor: Cursor = START
    epoch: int = 0


@dataclass(slots=True)
class FakePublisher:
    """`Publisher` over `FakeTopics`; `fault` is asked before and after each effect."""

    topics: FakeTopics
    fault: Fault = no_fault
    epoch: int | None = None
    starts: int = 0
    discards: int = 0

    async def start(self) -> Cursor:
        """See `Publisher`."""
        assert self.epoch is None, "the one before was not discarded"
        self.starts += 1
        self.epoch = 0
        self.fault("before initialising")
        self.topics.epoch += 1
        self.epoch = self.topics.epoch
        self.fault("before the cursor is read")
        return self.topics.cursor

    async def look(self) -> Cursor:
        """See `Publisher`."""
        self.fault("before a look")
        return self.topics.cursor

    async def publish(self, rows: Sequence[OutboxRow], cursor: Cursor) -> None:
        """See `Publisher`."""
        self.fault("before sending")
        if self.epoch != self.topics.epoch:
            raise ProducerFenced
        self.fault("before the commit")
        self.topics.visible.extend(rows)
        self.topics.transactions.append(len(rows))
        self.topics.cursor = cursor
        self.fault("after the commit")

    async def confirm(self) -> None:
        """See `Publisher`."""

    async def discard(self) -> None:
        """See `Publisher`."""
        self.discards += 1
        self.epoch = None
