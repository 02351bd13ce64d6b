"""Reads topics with librdkafka, from the beginning to the high watermark as it stood at the start."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from tests.chaos.checker.records import Record, Series, pack, print_of

PATIENCE_S = 30.0
"""Without anything new, before a reader gives up; longer than a transaction may stay open."""
_AT_ONCE = 5_000
_TIMEOUT_S = 20.0

Keep = Callable[[Series, int, Message], None]


class Unreadable(RuntimeError):
    """A topic cannot be read."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one reading gave, besides what it kept: watermarks, and where a reader could not get to them."""

    ends: Mapping[Series, int]
    hidden: Mapping[Series, int]


def consumer_of(bootstrap: str, isolation: str) -> Consumer:
    """A consumer that belongs to no group's offsets."""
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "chaos-checker",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": isolation,
            "fetch.max.bytes": 32 * 1024 * 1024,
            "queued.max.messages.kbytes": 32 * 1024,
            "check.crcs": True,
        }
    )


def partition_counts(bootstrap: str, topics: Iterable[str]) -> dict[str, int]:
    """Topic → partitions. Raises Unreadable for a topic that is not there."""
    consumer = consumer_of(bootstrap, "read_committed")
    try:
        known = consumer.list_topics(timeout=_TIMEOUT_S).topics
    finally:
        consumer.close()
    wanted = list(topics)
    missing = [topic for topic in wanted if topic not in known or known[topic].error is not None]
    if missing:
        raise Unreadable(f"no such topics: {', '.join(missing)}")
    return {topic: len(known[topic].partitions) for topic in wanted}


def read(bootstrap: str, isolation: str, counts: Mapping[str, int], keep: Keep) -> Seen:
    """Give every record to `keep`. Raises Unreadable where the broker stops answering."""
    consumer = consumer_of(bootstrap, isolation)
    try:
        ends = _ends(consumer, counts)
        consumer.assign([TopicPartition(*series, OFFSET_BEGINNING) for series in ends])
        return Seen(ends, _drain(consumer, ends, keep))
    finally:
        consumer.close()


def _ends(consumer: Consumer, counts: Mapping[str, int]) -> dict[Series, int]:
    found = {}
    for topic, count in counts.items():
        for partition in range(count):
            marks = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=_TIMEOUT_S)
            if marks is None:
                raise Unreadable(f"{topic}/{partition} does not say where it ends")
            found[topic, partition] = marks[1]
    return found


def _drain(consumer: Consumer, ends: Mapping[Series, int], keep: Keep) -> dict[Series, int]:
    """Read until every partition is at its end; those that never get there, and how far they got."""
    reached = {series: 0 for series, end in ends.items() if end > 0}
    deadline = time.monotonic() + PATIENCE_S
    while reached and time.monotonic() < deadline:
        for message in consumer.consume(_AT_ONCE, timeout=0.2):
            series, at = _place(message)
            if series not in reached:
                continue
            if message.error() is None:
                if at < ends[series]:
                    keep(series, at, message)
                at += 1
                deadline = time.monotonic() + PATIENCE_S
            reached[series] = max(reached[series], at)
            if at >= ends[series]:
                del reached[series]
    return reached


def _place(message: Message) -> tuple[Series, int]:
    """Series and offset of a record, or of the end that was reached. Raises Unreadable."""
    error = message.error()
    if error is not None and error.code() != KafkaError._PARTITION_EOF:
        raise Unreadable(str(error))
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None
    assert partition is not None
    assert offset is not None
    return (topic, partition), offset


class WholeRecords:
    """Keeps records as they are."""

    def __init__(self) -> None:
        self.found: dict[Series, list[Record]] = {}

    def __call__(self, series: Series, offset: int, message: Message) -> None:
        record = Record.of(
            series,
            offset,
            message.key(),
            headers_of(message),
            message.value(),
            timestamp_ms=message.timestamp()[1],
        )
        self.found.setdefault(series, []).append(record)

    def by_topic(self) -> dict[str, tuple[Record, ...]]:
        """Topic → records, partition by partition in order."""
        topics: dict[str, list[Record]] = {}
        for series in sorted(self.found):
            topics.setdefault(series[0], []).extend(self.found[series])
        return {topic: tuple(records) for topic, records in topics.items()}


class Prints:
    """Keeps offsets and prints only."""

    def __init__(self) -> None:
        self.found: dict[Series, list[tuple[int, bytes]]] = {}

    def __call__(self, series: Series, offset: int, message: Message) -> None:
        seen = print_of(message.key(), pack(headers_of(message)), message.value())
        self.found.setdefault(series, []).append((offset, seen))

    def reading(self) -> dict[Series, tuple[tuple[int, bytes], ...]]:
        """What was seen, partition by partition."""
        return {series: tuple(told) for series, told in self.found.items()}


def headers_of(message: Message) -> tuple[tuple[str, bytes | None], ...]:
    """A message's headers, as they came."""
    told: Any = message.headers()
    return tuple(told) if told else ()
