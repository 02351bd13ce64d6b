"""Reading partitions backwards from their end: the last record of ours, however long the topic is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from orestream.chassis.kafka.connection import client_options
from orestream.chassis.settings import Settings

FIRST_WINDOW = 64
"""Offsets looked at first; transaction markers take offsets too."""
WIDER = 16
PATIENCE = 2.0
"""Seconds that another writer's open transaction may hide the end of a partition."""

Wanted = Callable[[ConsumerRecord], bool]


@dataclass(frozen=True, slots=True)
class Last:
    """The last wanted record of a partition that is visible to read_committed."""

    record: ConsumerRecord | None
    complete: bool
    """False where an open transaction hides what may stand behind it."""


@dataclass(slots=True)
class _Window:
    """A stretch of one partition that is being looked through."""

    begin: int
    low: int
    high: int
    found: ConsumerRecord | None = None
    complete: bool = True

    @property
    def exhausted(self) -> bool:
        return self.found is not None or self.low <= self.begin

    def wider(self, size: int) -> _Window:
        return _Window(self.begin, max(self.begin, self.low - size), self.low, complete=self.complete)


@dataclass(frozen=True, slots=True)
class TailReader:
    """Finds last records; `committed` reads, `uncommitted` tells the high watermarks.

    A read_committed consumer's own end offsets are last stable offsets: with them a reader would
    take an older cursor for the newest while a transaction is still open.
    """

    committed: AIOKafkaConsumer
    uncommitted: AIOKafkaConsumer
    patience: float = field(default=PATIENCE)

    def with_hidden(self) -> TailReader:
        """The same, for which records of open and aborted transactions count too."""
        return TailReader(self.uncommitted, self.uncommitted, self.patience)

    async def last(
        self, partitions: Iterable[TopicPartition], wanted: Wanted, deepest: int | None = None
    ) -> dict[TopicPartition, Last]:
        """The last wanted record of each partition, up to the high watermark as of now.

        Args:
            partitions: where to look.
            wanted: which records count.
            deepest: how many offsets back to look at most; by default to the beginning.

        Raises:
            KafkaError: Kafka cannot be asked.
        """
        asked = list(partitions)
        highs: Mapping[TopicPartition, int] = await self.uncommitted.end_offsets(asked)
        begins: dict[TopicPartition, int] = await self.committed.beginning_offsets(asked)
        if deepest is not None:
            begins = {tp: max(begin, highs[tp] - deepest) for tp, begin in begins.items()}
        found: dict[TopicPartition, Last] = {}
        size = FIRST_WINDOW
        windows = {tp: _Window(begins[tp], max(begins[tp], highs[tp] - size), highs[tp]) for tp in asked}
        while windows:
            await self._look(windows, wanted)
            done = {tp: window for tp, window in windows.items() if window.exhausted}
            found.update({tp: Last(window.found, window.complete) for tp, window in done.items()})
            size *= WIDER
            windows = {tp: window.wider(size) for tp, window in windows.items() if tp not in done}
        return found

    async def _look(self, windows: Mapping[TopicPartition, _Window], wanted: Wanted) -> None:
        """Read each window to its end, or as far as it becomes visible in time."""
        pending = {tp for tp, window in windows.items() if window.low < window.high}
        if not pending:
            return
        consumer = self.committed
        consumer.assign(list(pending))
        for tp in pending:
            consumer.seek(tp, windows[tp].low)
        deadline = asyncio.get_running_loop().time() + self.patience
        while pending and asyncio.get_running_loop().time() < deadline:
            for tp, records in (await consumer.getmany(*pending, timeout_ms=50)).items():
                _keep_last(windows[tp], records, wanted)
            for tp in [tp for tp in pending if await consumer.position(tp) >= windows[tp].high]:
                pending.discard(tp)
                consumer.pause(tp)
        for tp in pending:
            windows[tp].complete = False


def _keep_last(window: _Window, records: Iterable[ConsumerRecord], wanted: Wanted) -> None:
    for record in records:
        if record.offset < window.high and wanted(record):
            window.found = record


@asynccontextmanager
async def tail_reader(settings: Settings) -> AsyncIterator[TailReader]:
    """A reader with connections of its own, closed at the end of the block."""
    options = {
        **client_options(settings),
        "group_id": None,
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "fetch_max_wait_ms": 50,
    }
    committed = AIOKafkaConsumer(**options, isolation_level="read_committed")
    uncommitted = AIOKafkaConsumer(**options, isolation_level="read_uncommitted")
    try:
        await asyncio.gather(committed.start(), uncommitted.start())
        yield TailReader(committed, uncommitted)
    finally:
        await asyncio.gather(committed.stop(), uncommitted.stop())
