"""Records written and read with librdkafka, past everything that would put them right."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from orestream.contracts.topics import OUTCOMES
from orestream.contracts.wire import dataschema_of

_PATIENCE_S = 40.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bare:
    """One record as bytes, well-formed unless it is changed."""

    topic: str
    key: bytes | None
    headers: Mapping[str, bytes | None]
    value: bytes | None
    partition: int = -1
    """By its key, where it is -1."""

    def having(self, **changes: Any) -> Bare:
        """The same with another key or value."""
        return replace(self, **changes)

    def headed(self, name: str, value: bytes | None) -> Bare:
        """The same with another header, or without it."""
        headers = {other: text for other, text in self.headers.items() if other != name}
        return replace(self, headers=headers if value is None else {**headers, name: value})

    def with_nothing_under(self, name: str) -> Bare:
        """The same with a header that has no value, which Kafka tells from an empty one."""
        return replace(self, headers={**self.headers, name: None})


def bare(topic: str, type_: str, key: str, content: Mapping[str, Any], **headers: str) -> Bare:
    """A well-formed record; headers are given without `ce_`: `id`, `source`, `time`, `sequence`."""
    named = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_type": type_,
        "ce_subject": key,
        "ce_dataschema": dataschema_of(type_),
        "ce_partitionkey": key,
        "ce_correlationid": headers["id"],
        **{f"ce_{name}": text for name, text in headers.items()},
    }
    return Bare(
        topic,
        key.encode(),
        {name: text.encode() for name, text in named.items()},
        json.dumps(content).encode(),
    )


@dataclass(slots=True)
class Wire:
    """Writes to one broker and reads from it."""

    bootstrap: str
    _places: list[str] = field(default_factory=list)

    def write(self, *records: Bare) -> list[str]:
        """Append the records; returns `<topic>/<partition>/<offset>` of each."""
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "acks": "all",
                "partitioner": "murmur2_random",
                "message.max.bytes": 2_000_000,
            }
        )
        self._places = []
        for record in records:
            producer.produce(
                record.topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers.items()),
                on_delivery=self._delivered,
                partition=record.partition,
            )
            assert producer.flush(_PATIENCE_S) == 0, "the broker took it not"
        return self._places

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        assert error is None, error
        self._places.append(f"{message.topic()}/{message.partition()}/{message.offset()}")

    def read(self, topic: str) -> list[Message]:
        """Everything committed on a topic, in order within each partition."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": "bare",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
            }
        )
        try:
            partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
            return _drained(consumer, set(partitions))
        finally:
            consumer.close()

    def answers(self) -> dict[str, list[dict[str, Any]]]:
        """Command id → its outcomes so far."""
        found: dict[str, list[dict[str, Any]]] = {}
        for record in self.read(OUTCOMES):
            outcome = json.loads(record.value() or b"")
            found.setdefault(outcome["command_id"], []).append(outcome)
        return found

    def answered(self, *ids: str, times: int = 1) -> dict[str, list[dict[str, Any]]]:
        """Command id → its outcomes, as soon as each of these has so many."""
        become(lambda: self._lacking(ids, times), lambda lacking: not lacking)
        return self.answers()

    def _lacking(self, ids: Iterable[str], times: int) -> list[str]:
        found = self.answers()
        return [one for one in ids if len(found.get(one, ())) < times]


def become(look: Callable[[], T], holds: Callable[[T], bool]) -> T:
    """What is seen as soon as it is as it should be; fails with the last that was seen."""
    deadline = time.monotonic() + _PATIENCE_S
    while not holds(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.2)
    return seen


def header_of(record: Message, name: str) -> str:
    """A header as text."""
    value = dict(record.headers() or [])[name]
    assert isinstance(value, bytes)
    return value.decode()


def _drained(consumer: Consumer, running: set[int]) -> list[Message]:
    records: list[Message] = []
    deadline = time.monotonic() + _PATIENCE_S
    while running:
        assert time.monotonic() < deadline, f"partitions {running} never ended"
        message = consumer.poll(1.0)
        if message is None:
            continue
        error = message.error()
        if error is None:
            records.append(message)
        else:
            assert error.code() == KafkaError._PARTITION_EOF, error
            running.discard(message.partition() or 0)
    return records
