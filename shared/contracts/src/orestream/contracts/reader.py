"""A small reader for subscribers: decodes, drops repeats, reports holes. Works with any Kafka client.

reader = Reader()
for record in consumer:  # read_committed, from the beginning
    read = reader.read(record.topic, record.partition, record.key, record.headers, record.value)
    if read is None:
        continue  # a repeat, or a type newer than this package
    if read.missing:
        raise SystemExit(f"{record.topic} lost {read.missing}")
    print(read.envelope.type, read.message)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from orestream.contracts.message import Message
from orestream.contracts.registry import MODELS
from orestream.contracts.wire import Envelope, read_envelope, read_value


class Series(NamedTuple):
    """What one sequence belongs to: a writer's records in one partition of a topic."""

    source: str
    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Read:
    """One record that is new to this reader."""

    envelope: Envelope
    message: Message
    missing: range | None = None
    """Sequences between the last one seen and this one that never came; None where there is no hole."""


class Reader:
    """Remembers the last sequence of every (source, topic, partition).

    Args:
        last: where an earlier reader stopped (its `last`), to go on without a gap.
        from_beginning: whether reading starts where the topic does, so that a series that does not
            start at 1 has a hole too.
    """

    def __init__(self, last: Mapping[Series, int] | None = None, *, from_beginning: bool = True) -> None:
        self.last: dict[Series, int] = dict(last or {})
        self.skipped: dict[str, int] = {}
        """Types this version does not know, and how many of each came by."""
        self._from_beginning = from_beginning

    def read(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        headers: Iterable[tuple[str, bytes | None]],
        value: bytes | None,
    ) -> Read | None:
        """The record, or None where it is a repeat or of an unknown type.

        A record that does not decode has no effect on what is remembered.

        Raises:
            Malformed: naming the header or field, and what is wrong with it.
        """
        envelope = read_envelope(key, headers)
        series = Series(envelope.source, topic, partition)
        if self._is_repeat(series, envelope.sequence):
            return None
        model = MODELS.get(envelope.type)
        message = None if model is None else read_value(model, value, envelope)
        missing = self._advance(series, envelope.sequence)
        if message is None:
            self.skipped[envelope.type] = self.skipped.get(envelope.type, 0) + 1
            return None
        return Read(envelope, message, missing)

    def _is_repeat(self, series: Series, sequence: int | None) -> bool:
        return sequence is not None and sequence <= self.last.get(series, 0)

    def _advance(self, series: Series, sequence: int | None) -> range | None:
        """The sequences jumped over. Commands carry none, and are never holes."""
        if sequence is None:
            return None
        known = series in self.last or self._from_beginning
        expected = self.last.get(series, 0) + 1
        self.last[series] = sequence
        return range(expected, sequence) if known and sequence > expected else None
