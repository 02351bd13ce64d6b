"""The ledger as a reader holds it: every record of the fact topics and outcomes, decoded where it can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

from orestream.chassis.records import Fetched
from orestream.contracts.message import Message
from orestream.contracts.registry import MODELS
from orestream.contracts.topics import (
    EXPORT_SETTLEMENTS,
    EXPORT_SHIPMENTS,
    MINING_LOTS,
    OUTCOMES,
    PROCESSING_LOTS,
)
from orestream.contracts.wire import Envelope, Malformed, UnknownType, read_envelope, read_value

M = TypeVar("M", bound=Message)
M2 = TypeVar("M2", bound=Message)
M3 = TypeVar("M3", bound=Message)
M4 = TypeVar("M4", bound=Message)
M_co = TypeVar("M_co", bound=Message, covariant=True)

LEDGER_TOPICS = (OUTCOMES, EXPORT_SETTLEMENTS, EXPORT_SHIPMENTS, PROCESSING_LOTS, MINING_LOTS)
"""Effects before causes: the ends of topics are taken in this order."""


@dataclass(frozen=True, slots=True)
class Entry(Generic[M_co]):
    """One decoded record."""

    record: Fetched
    envelope: Envelope
    message: M_co


@dataclass(frozen=True, slots=True)
class Unread:
    """A record that does not decode, and why; its envelope where that much can be read."""

    record: Fetched
    why: Malformed
    envelope: Envelope | None = None


@dataclass(frozen=True, slots=True)
class Ledger:
    """Records of the ledger, those of a partition in their order."""

    entries: tuple[Entry[Message], ...]
    unread: tuple[Unread, ...] = ()
    partitions: Mapping[str, int] | None = None
    """Topic → partition count, where it is known."""

    @overload
    def of(self, kind: type[M], /) -> Iterator[Entry[M]]: ...
    @overload
    def of(self, kind: type[M], other: type[M2], /) -> Iterator[Entry[M | M2]]: ...
    @overload
    def of(self, kind: type[M], other: type[M2], third: type[M3], /) -> Iterator[Entry[M | M2 | M3]]: ...
    @overload
    def of(
        self, kind: type[M], other: type[M2], third: type[M3], fourth: type[M4], /
    ) -> Iterator[Entry[M | M2 | M3 | M4]]: ...
    @overload
    def of(self, *kinds: type[Message]) -> Iterator[Entry[Any]]: ...
    def of(self, *kinds: type[Message]) -> Iterator[Entry[Any]]:
        """Entries whose message is of one of these classes."""
        return (entry for entry in self.entries if isinstance(entry.message, kinds))

    def envelopes(self) -> Iterator[tuple[Fetched, Envelope]]:
        """Every record whose headers can be read, unknown types included, partition by partition in order."""
        found = [(entry.record, entry.envelope) for entry in self.entries]
        found += [(unread.record, unread.envelope) for unread in self.unread if unread.envelope is not None]
        return iter(sorted(found, key=lambda pair: (pair[0].topic, pair[0].partition, pair[0].offset)))


def decode_all(records: Iterable[Fetched], partitions: Mapping[str, int] | None = None) -> Ledger:
    """The ledger that these records make."""
    entries: list[Entry[Message]] = []
    unread: list[Unread] = []
    for record in records:
        found = decode_one(record)
        if isinstance(found, Entry):
            entries.append(found)
        else:
            unread.append(found)
    return Ledger(tuple(entries), tuple(unread), partitions)


def decode_one(record: Fetched) -> Entry[Message] | Unread:
    """One record, decoded or with the reason why not."""
    try:
        envelope = read_envelope(record.key, record.headers)
    except Malformed as error:
        return Unread(record, error)
    model = MODELS.get(envelope.type)
    if model is None:
        return Unread(record, UnknownType(envelope.type), envelope)
    try:
        return Entry(record, envelope, read_value(model, record.value, envelope))
    except Malformed as error:
        return Unread(record, error, envelope)
