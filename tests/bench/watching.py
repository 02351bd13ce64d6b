"""An independent reader that notes when each awaited record is visible, and a sender that keeps a pace."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from tests.bench.harness.aside import Aside
from tests.bench.harness.stage import PARTITIONS

_POLL_S = 0.05
_PATIENCE_S = 60.0
_TICK_S = 0.002


class NothingCame(Exception):
    """What was awaited did not become visible."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record to send; `name` is what its effect is recognised by."""

    name: str
    topic: str
    partition: int
    key: bytes
    headers: Sequence[tuple[str, bytes]]
    value: bytes


@dataclass(slots=True)
class Watcher(Aside):
    """Reads topics with read_committed in a thread.

    Args:
        bootstrap: the broker.
        topics: read from their beginning, all partitions.
        name_of: what a record answers, or None where it answers nothing.
    """

    bootstrap: str
    topics: Sequence[str]
    name_of: Callable[[Message], str | None]
    arrived: dict[str, float] = field(default_factory=dict)
    """Name → when its first record was seen, by the monotonic clock."""
    failure: KafkaException | None = None

    def await_names(self, names: Iterable[str], patience_s: float = _PATIENCE_S) -> None:
        """Wait until all have arrived; the patience begins anew whenever one does. Raises NothingCame."""
        missing = set(names)
        since = time.monotonic()
        while missing:
            if self.failure is not None:
                raise NothingCame(f"the reader failed: {self.failure}")
            left = {name for name in missing if name not in self.arrived}
            if len(left) < len(missing):
                missing, since = left, time.monotonic()
            elif time.monotonic() > since + patience_s:
                some = ", ".join(sorted(missing)[:3])
                raise NothingCame(f"{len(missing):,} did not come in {patience_s:.0f} s: {some} …")
            time.sleep(_TICK_S)

    def work(self) -> None:
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": "bench-watcher",
                "log_level": 3,
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
            }
        )
        places = [TopicPartition(topic, number, 0) for topic in self.topics for number in range(PARTITIONS)]
        consumer.assign(places)
        try:
            while not self.end.is_set():
                message = consumer.poll(_POLL_S)
                if message is not None and message.error() is None:
                    self._note(message)
        except KafkaException as failure:  # told to whoever waits
            self.failure = failure
        finally:
            consumer.close()

    def _note(self, message: Message) -> None:
        now = time.monotonic()
        name = self.name_of(message)
        if name is not None:
            self.arrived.setdefault(name, now)


def send_all(bootstrap: str, records: Iterable[Outgoing]) -> None:
    """Send everything as fast as it goes; returns when all is acknowledged."""
    sender = _producer(bootstrap, **{"linger.ms": 5, "queue.buffering.max.messages": 1_000_000})
    for record in records:
        _send(sender, record)
    _drain(sender)


@dataclass(slots=True)
class Pacer:
    """Sends records one by one at a rate, and notes when each was handed to the client.

    The first one is acknowledged before the pace begins, and not noted: the client connects with it, and asks
    for its producer id, which takes half a second that is not the pipeline's.
    """

    bootstrap: str
    per_second: float
    sent: dict[str, float] = field(default_factory=dict)

    def send(self, records: Iterable[Outgoing], until: Callable[[], bool] = lambda: False) -> None:
        """Send in the calling thread until the records end or `until` says so."""
        sender = _producer(self.bootstrap, **{"linger.ms": 0})
        remaining = iter(records)
        for record in islice(remaining, 1):
            _send(sender, record)
        _drain(sender)
        due = time.monotonic()
        for record in remaining:
            if until():
                break
            while (now := time.monotonic()) < due:
                sender.poll(0)
                time.sleep(min(_TICK_S, due - now))
            self.sent[record.name] = time.monotonic()
            _send(sender, record)
            due += 1 / self.per_second
        _drain(sender)


def header(message: Message, name: str) -> str:
    """The text of a header; empty where it is missing."""
    found = dict(message.headers() or ()).get(name)
    return found.decode() if isinstance(found, bytes) else str(found or "")


def _producer(bootstrap: str, **more: Any) -> Producer:
    return Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, **more})


def _send(sender: Producer, record: Outgoing) -> None:
    while True:
        try:
            sender.produce(
                record.topic, record.value, record.key, record.partition, headers=list(record.headers)
            )
        except BufferError:  # the queue is full: let it drain, then once more
            sender.poll(0.1)
        else:
            return


def _drain(sender: Producer) -> None:
    left = sender.flush(_PATIENCE_S)
    if left:
        raise NothingCame(f"{left} records were not acknowledged in {_PATIENCE_S:.0f} s")
