"""Puts facts, answers and notices into records: ids derived from their cause, nothing from a clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from orestream.chassis.intake.heading import Heading
from orestream.chassis.records import Fetched
from orestream.chassis.store.outbox import Entry
from orestream.chassis.wire_headers import encode
from orestream.contracts.decimals import write_time
from orestream.contracts.decision import DECISION_BYTES, DECISION_FACTS, Happened
from orestream.contracts.message import Fact
from orestream.contracts.topics import parked_topic, partition_of, topic_of_fact
from orestream.contracts.wire import Envelope, fact_id, headers_of, source_of

MAX_FACTS = DECISION_FACTS
MAX_DECISION_BYTES = DECISION_BYTES
MAX_RECORD_BYTES = 1_000_000
"""Key, value and headers; the rest of the broker's 1 MiB is for framing."""

TopicOfFact = Callable[[str, str], str]
"""Service and class name of a fact → its topic."""


class TooLarge(ValueError):
    """A decision, or a record of it, beyond what may be published."""


class Cause(NamedTuple):
    """The message that something follows from."""

    id: str
    source: str
    time: datetime
    correlation_id: str
    traceparent: str | None = None

    @classmethod
    def of(cls, envelope: Envelope) -> Cause:
        """What a decoded record is as a cause."""
        return cls(envelope.id, envelope.source, envelope.time, envelope.correlation_id, envelope.traceparent)


class Writer:
    """Writes what one service at one site has to say."""

    def __init__(
        self,
        service: str,
        site: str,
        partitions: Mapping[str, int],
        *,
        topic_of: TopicOfFact = topic_of_fact,
        max_record_bytes: int = MAX_RECORD_BYTES,
    ) -> None:
        self.service = service
        self.source = source_of(site, service)
        self._parked = parked_topic(site, service)
        self._partitions = partitions
        self._topic_of = topic_of
        self._max = max_record_bytes
        self._said: dict[type[Fact], tuple[str, Heading]] = {}
        self.partition = lru_cache(maxsize=65_536)(self._partition)

    def happened(self, cause: Cause, facts: Sequence[Fact], first: int = 0) -> list[Happened]:
        """Facts with their ids, as they follow from a cause; `first` is the index of the first of them."""
        return [
            Happened(
                fact,
                fact.happened_at or cause.time,
                self.source,
                fact_id(self.source, cause.source, cause.id, index),
                cause.correlation_id,
            )
            for index, fact in enumerate(facts, first)
        ]

    def entries(self, cause: Cause, facts: Sequence[Happened]) -> list[Entry]:
        """Records of facts. Raises TooLarge."""
        if len(facts) > MAX_FACTS:
            raise TooLarge(f"{len(facts)} facts, where one decision may have {MAX_FACTS}")
        entries = [self.entry(cause, happened) for happened in facts]
        size = sum(len(entry.value or b"") for entry in entries)
        if size > MAX_DECISION_BYTES:
            raise TooLarge(f"{size} bytes of facts, where one decision may have {MAX_DECISION_BYTES}")
        return entries

    def entry(self, cause: Cause, happened: Happened) -> Entry:
        """The record of one fact or answer. Raises TooLarge."""
        fact = happened.fact
        key = fact.key.encode()
        topic, heading = self._said.get(type(fact)) or self._learn(type(fact))
        headers = heading.over(
            happened.id,
            key,
            write_time(happened.time),
            correlation=cause.correlation_id,
            causation=cause.id,
            trace=_traceparent(cause, happened.id),
        )
        entry = Entry(topic, self.partition(topic, key), key, headers, fact.write())
        self._check(entry)
        return entry

    def notice(
        self, record: Fetched, key: str, type_: str, index: str, *, cause: Cause, said: Mapping[str, str]
    ) -> Entry:
        """A record about a record that was set aside: key and bytes as they came, and what became of it.

        Bytes that would not fit with the longer headers stay out, a key beyond that too; the record still
        stands where it came from.
        """
        id_ = fact_id(self.source, self.source, record.at, index)
        envelope = Envelope(
            id=id_,
            source=self.source,
            type=type_,
            subject=key,
            time=datetime.fromtimestamp(record.timestamp_ms / 1000, UTC),
            correlation_id=cause.correlation_id,
            causation_id=cause.id,
            sequence=0,
            traceparent=_traceparent(cause, id_),
        )
        words = {**said, "input": record.at}
        headers = (
            *headers_of(envelope),
            *((f"orestream_{name}", value.encode()) for name, value in words.items()),
            *((f"original_{name}", value) for name, value in record.headers),
        )
        partition = self.partition(self._parked, record.key) if record.key else 0
        entry = Entry(self._parked, partition, record.key, encode(headers), record.value)
        if _size(entry) <= self._max:
            return entry
        short = (*headers_of(envelope), *((f"orestream_{n}", v.encode()) for n, v in words.items()))
        omitted = encode((*short, ("orestream_omitted", b"value and original headers: too large")))
        kept = record.key if len(record.key or b"") <= self._max // 2 else key.encode()
        return Entry(self._parked, partition, kept, omitted, None)

    def _learn(self, class_: type[Fact]) -> tuple[str, Heading]:
        """The topic and the headers of a class of facts, which stay the same."""
        topic = self._topic_of(self.service, class_.__name__)
        self._said[class_] = topic, Heading(self.source, class_.TYPE)
        return self._said[class_]

    def _partition(self, topic: str, key: bytes) -> int:
        return partition_of(key, self._partitions[topic])

    def _check(self, entry: Entry) -> None:
        size = _size(entry)
        if size > self._max:
            raise TooLarge(f"a record of {size} bytes, where {self._max} may be published")


def _size(entry: Entry) -> int:
    return len(entry.key or b"") + len(entry.value or b"") + entry.headers.size


def _traceparent(cause: Cause, id_: str) -> str:
    """The cause's trace, or one of the correlation's own; the span is this record's."""
    trace = cause.traceparent[3:35] if cause.traceparent else _trace_of(cause.correlation_id)
    return f"00-{trace}-{id_.replace('-', '')[:16]}-01"


@lru_cache(maxsize=4096)
def _trace_of(correlation_id: str) -> str:
    return sha256(correlation_id.encode()).hexdigest()[:32]
