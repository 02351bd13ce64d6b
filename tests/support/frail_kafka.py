"""Kafka's transactions in memory: fencing, the last stable offset, aborted records, lost and late EndTxn.

`FrailProducer` and `FrailTail` stand for the client library below the genuine `KafkaPublisher`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError, ProducerFenced
from aiokafka.record import MemoryRecords

from orestream.chassis.kafka.endtxn import EndInDoubt
from orestream.chassis.kafka.tail import Last
from orestream.chassis.records import Series
from orestream.chassis.relay.record_batch import RecordBatch
from tests.support.frail import Life

LATE = 7.0
"""Seconds until a copy of EndTxn that was held up arrives."""
PATIENCE = 2.0


@dataclass
class Transaction:
    state: str = "open"
    forgotten: bool = False
    """Ended for the coordinator; its partition was never told."""


@dataclass(frozen=True)
class Written:
    """A record, as the relay's reader takes it too."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    transaction: Transaction


@dataclass
class Broker:
    """The logs, and one transactional id besides foreign ones."""

    logs: dict[Series, list[Written]] = field(default_factory=dict)
    epoch: int = 0
    current: Transaction | None = None
    foreign: list[Transaction] = field(default_factory=list)

    def initialise(self) -> int:
        """Fence whoever came before, and abort what is open."""
        self.abort()
        self.epoch += 1
        return self.epoch

    def abort(self) -> None:
        """End what is open, as the coordinator does after the time-out."""
        self._end("aborted")

    def write(self, epoch: int, at: Series, records: Iterable[tuple[Any, Any, Any]]) -> None:
        """Raises ProducerFenced."""
        self._check(epoch)
        self.current = self.current or Transaction()
        for key, value, headers in records:
            self._append(at, key, value, headers, self.current)

    def end(self, epoch: int) -> None:
        """Commit what is open; with nothing open, the last answer again. Raises ProducerFenced."""
        self._check(epoch)
        self._end("committed")

    def end_unmarked(self, epoch: int, cursor: bool, facts: bool) -> None:
        """The same, and no marker gets to the cursor, or to the facts (they have sequences)."""
        self._check(epoch)
        for log in self.logs.values():
            for i, one in enumerate(log):
                is_fact = any(name == "ce_sequence" for name, _ in one.headers)
                if one.transaction is self.current and (facts if is_fact else cursor):
                    log[i] = replace(one, transaction=Transaction(forgotten=True))
        self._end("committed")

    def mark(self, places: Iterable[Series], state: str) -> None:
        """A marker on these partitions, which ends what was forgotten there too."""
        for at in places:
            for one in self.logs.get(at, []):
                if one.transaction.forgotten and one.transaction.state == "open":
                    one.transaction.state = state

    def _end(self, state: str) -> None:
        current, self.current = self.current, None
        if current is not None:
            current.state = state
            touched = [at for at, log in self.logs.items() if any(one.transaction is current for one in log)]
            self.mark(touched, state)

    def forgotten(self) -> list[Series]:
        """Where a transaction of ours was never marked as ended."""
        return [
            at
            for at, log in self.logs.items()
            if any(one.transaction.forgotten and one.transaction.state == "open" for one in log)
        ]

    def end_late(self, epoch: int) -> None:
        """The same, with nobody to answer to."""
        if epoch == self.epoch:
            self.end(epoch)

    def hide(self, at: Series) -> None:
        """Another writer begins a transaction there."""
        self.foreign.append(Transaction())
        self._append(at, b"foreign", b"", (), self.foreign[-1])

    def reveal(self) -> None:
        """Other writers' transactions end."""
        for transaction in self.foreign:
            transaction.state = "aborted"

    def stable(self, at: Series) -> list[Written]:
        """What read_committed sees there."""
        log = self.logs.get(at, [])
        end = next((i for i, one in enumerate(log) if one.transaction.state == "open"), len(log))
        return [one for one in log[:end] if one.transaction.state == "committed"]

    def complete(self, at: Series) -> bool:
        """False where an open transaction hides the end."""
        return all(one.transaction.state != "open" for one in self.logs.get(at, []))

    def _append(self, at: Series, key: Any, value: Any, headers: Any, transaction: Transaction) -> None:
        log = self.logs.setdefault(at, [])
        log.append(Written(*at, len(log), key, value, tuple(headers), transaction))

    def _check(self, epoch: int) -> None:
        if epoch != self.epoch:
            raise ProducerFenced


@dataclass
class FrailProducer:
    """Points: initialise, send, end. `repeats`: EndTxn is sent again silently, as the library does."""

    broker: Broker
    life: Life
    repeats: bool = False
    epoch: int = -1

    async def start(self) -> None:
        if await self.life.reach("initialise"):
            raise KafkaConnectionError
        self.epoch = self.broker.initialise()

    async def begin_transaction(self) -> None:
        """Nothing reaches the broker."""

    async def send_batch(self, batch: RecordBatch, topic: str, *, partition: int) -> asyncio.Future[None]:
        return await self._send(Series(topic, partition), _records_in(batch))

    async def send(self, topic: str, *, key: bytes, value: bytes, partition: int) -> asyncio.Future[None]:
        return await self._send(Series(topic, partition), [(key, value, ())])

    async def commit_transaction(self) -> None:
        fate = await self.life.reach("end")
        if fate == "late":
            asyncio.get_running_loop().call_later(LATE, self.broker.end_late, self.epoch)
            if not self.repeats:
                raise EndInDoubt
        if fate == "fail":
            raise EndInDoubt
        if fate is not None and fate.startswith("unmark"):
            self.broker.end_unmarked(self.epoch, cursor=fate != "unmark facts", facts=fate != "unmark cursor")
        self.broker.end(self.epoch)
        if fate == "lose":
            raise EndInDoubt

    async def unmarked(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        if await self.life.reach("unmarked"):
            raise KafkaConnectionError
        return {tp: 0 for tp in partitions if Series(*tp) in self.broker.forgotten()}

    async def mark(self, partitions: Iterable[TopicPartition], *, commit: bool) -> None:
        if await self.life.reach("mark"):
            raise EndInDoubt
        self.broker.mark([Series(*tp) for tp in partitions], "committed" if commit else "aborted")

    async def discard(self) -> None:
        """What is open stays open until somebody ends it."""

    async def _send(self, at: Series, records: list[tuple[Any, Any, Any]]) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        fate = await self.life.reach("send")
        try:
            if fate:
                raise KafkaError("refused")
            self.broker.write(self.epoch, at, records)
        except KafkaError as error:
            future.set_exception(error)
            future.exception()
        else:
            future.set_result(None)
        return future


def _records_in(batch: RecordBatch) -> list[tuple[Any, Any, Any]]:
    """As any client reads them."""
    records = MemoryRecords(batch._build())  # what the library's sender calls
    return [(one.key, one.value, one.headers) for one in records.next_batch()]


@dataclass
class FrailTail:
    """`TailReader`. Points: tail. `blind`: it takes the last stable offset for the end."""

    broker: Broker
    life: Life
    blind: bool = False
    hidden: bool = False
    """Records of open and aborted transactions count too."""

    def with_hidden(self) -> FrailTail:
        return replace(self, hidden=True)

    async def last(
        self, partitions: Iterable[TopicPartition], wanted: Callable[[Any], bool], deepest: int | None = None
    ) -> dict[TopicPartition, Last]:
        del deepest
        if await self.life.reach("tail"):
            raise KafkaConnectionError
        asked = {tp: Series(tp.topic, tp.partition) for tp in partitions}
        if not self.blind and not self.hidden and not all(self.broker.complete(at) for at in asked.values()):
            await asyncio.sleep(PATIENCE)
        found = {}
        for tp, at in asked.items():
            seen = self.broker.logs.get(at, []) if self.hidden else self.broker.stable(at)
            ours = [record for record in seen if wanted(record)]
            found[tp] = Last(ours[-1] if ours else None, self.blind or self.broker.complete(at))
        return found

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[FrailTail]:
        yield self
