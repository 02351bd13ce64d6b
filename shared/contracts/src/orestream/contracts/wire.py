"""CloudEvents 1.0, Kafka binding, binary mode: messages to key, headers and value, and back.

No Kafka client is needed here. Every malformation raises `Malformed`, which names the place.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha1
from itertools import product
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from orestream.contracts.decimals import ID_PATTERN, TIME_PATTERN, write_time
from orestream.contracts.message import Command, Message, field_path

Headers = tuple[tuple[str, bytes], ...]

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:orestream")
_NAMESPACE_BYTES = NAMESPACE.bytes
SEQUENCE_DIGITS = 20
MAX_SEQUENCE = 2**63 - 1
"""What databases and other languages hold in a signed 64-bit integer."""
MAX_HEADER_BYTES = 1_000
"""Of a header that is read: what it holds is repeated in answers and facts, which must stay publishable."""

REQUIRED = (
    "content-type",
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_subject",
    "ce_time",
    "ce_dataschema",
    "ce_partitionkey",
    "ce_correlationid",
)
_OPTIONAL = ("ce_sequence", "ce_correlationid", "ce_causationid", "traceparent")
_ID = re.compile(ID_PATTERN)
_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")

M = TypeVar("M", bound=Message)


class Malformed(ValueError):
    """A record that breaks the wire contract.

    Attributes:
        where: the header (`ce_time`), `key`, `value`, or a field path (`tickets.0.gross_kg`).
        why: what is wrong with it, in words.

    Both are cut where they repeat too much of the record.
    """

    def __init__(self, where: str, why: str) -> None:
        self.where = _cut(where, 200)
        self.why = _cut(why, 500)
        super().__init__(f"{self.where}: {self.why}")


class UnknownType(Malformed):
    """A well-formed record of a type this reader does not know: facts are skipped and counted."""

    def __init__(self, type_: str) -> None:
        super().__init__("ce_type", f"{type_!r} is not a type this reader knows")
        self.type = type_


class Envelope(NamedTuple):
    """What the headers say of a message."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    correlation_id: str
    causation_id: str | None = None
    sequence: int | None = None
    traceparent: str | None = None

    @property
    def service(self) -> str:
        """The last step of the source: the service, or `cli`."""
        return self.source.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class WireRecord:
    """Key, headers and value, ready for any Kafka client."""

    key: bytes
    headers: Headers
    value: bytes


def fact_id(writer: str, cause_source: str, cause_id: str, index: int | str) -> str:
    """The id of the `index`-th fact that `writer` derived from a cause; the same on every run."""
    return _uuid5(f"{writer}\n{cause_source}\n{cause_id}\n{index}")


def source_of(site: str, service: str) -> str:
    """`ce_source` of a service at a site."""
    return f"/orestream/{site}/{service}"


def dataschema_of(type_: str) -> str:
    """`orestream.lot.mined.v1` → `urn:orestream:lot:mined:v1`."""
    return "urn:" + type_.replace(".", ":")


def headers_of(envelope: Envelope) -> Headers:
    """The envelope as Kafka headers, in one fixed order."""
    pairs = [
        ("content-type", "application/json"),
        ("ce_specversion", "1.0"),
        ("ce_id", envelope.id),
        ("ce_source", envelope.source),
        ("ce_type", envelope.type),
        ("ce_subject", envelope.subject),
        ("ce_time", write_time(envelope.time)),
        ("ce_dataschema", dataschema_of(envelope.type)),
        ("ce_partitionkey", envelope.subject),
    ]
    if envelope.sequence is not None:
        pairs.append(("ce_sequence", f"{envelope.sequence:0{SEQUENCE_DIGITS}d}"))
    pairs.append(("ce_correlationid", envelope.correlation_id))
    if envelope.causation_id is not None:
        pairs.append(("ce_causationid", envelope.causation_id))
    if envelope.traceparent is not None:
        pairs.append(("traceparent", envelope.traceparent))
    return tuple((name, value.encode()) for name, value in pairs)


def encode(message: Message, envelope: Envelope) -> WireRecord:
    """One record. Raises ValueError when envelope and message disagree on the key."""
    if message.key != envelope.subject:
        raise ValueError(f"the message is about {message.key}, the envelope about {envelope.subject}")
    return WireRecord(envelope.subject.encode(), headers_of(envelope), message.write())


def read_envelope(key: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> Envelope:
    """What the headers say, all of them checked.

    Raises:
        Malformed: naming the header and what is wrong with it.
    """
    pairs = tuple(headers)
    return _read_plain(key, pairs) or _read_with_care(key, pairs)


def read_value(model: type[M], value: bytes | None, envelope: Envelope) -> M:
    """The message in `value`, agreeing with its envelope.

    Raises:
        Malformed: naming the field and what is wrong with it.
    """
    if value is None:
        raise Malformed("value", "a tombstone (no value) is no message")
    try:
        message = model.read(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise Malformed(field_path(first["loc"]) or "value", first["msg"]) from error
    try:
        key = message.key
    except ValueError as error:
        raise Malformed("value", str(error)) from error
    if key != envelope.subject:
        raise Malformed("ce_subject", f"the value is about {key!r}, the headers about {envelope.subject!r}")
    _check_command(message, envelope)
    return message


def with_sequence(envelope: Envelope, sequence: int) -> Envelope:
    """The same envelope at a position within its topic, partition and source."""
    return envelope._replace(sequence=sequence)


def _read_plain(key: bytes | None, pairs: tuple[tuple[str, Any], ...]) -> Envelope | None:
    """The envelope of a record whose headers are those that `headers_of` writes, in its order.

    Nearly every record is one, and its headers are half of what there is to decode, so all of them become
    text at once. None where anything is unusual: then `_read_with_care` reads it, or says what is wrong.
    """
    names, values = zip(*pairs, strict=True) if pairs else ((), ())
    optional = _LAYOUTS.get(names)
    texts = _texts_at_once(values) if optional else None
    if optional is None or texts is None:
        return None
    content, version, id_, source, type_, subject, time, dataschema, partition_key = texts[:9]
    texts.append(None)  # where what is absent is found
    sequence, correlation, causation, trace = [texts[at] for at in optional]
    if (
        content != "application/json"
        or version != "1.0"
        or dataschema != _dataschema(type_)
        or values[5] != key
        or subject != partition_key
        or not _ID.match(subject)
        or not (id_ and source and type_ and time and correlation)
    ):
        return None
    return Envelope(
        id_,
        source,
        type_,
        subject,
        _time(time),
        correlation,
        causation,
        _sequence(sequence),
        _traceparent(trace),
    )


def _texts_at_once(values: tuple[Any, ...]) -> list[Any] | None:
    """Headers as text; None where one has no value, is not UTF-8, holds a NUL or may be too long."""
    try:
        joined = b"\0".join(values)
        texts = joined.decode().split("\0")
    except (TypeError, UnicodeDecodeError):
        return None
    return texts if len(joined) <= MAX_HEADER_BYTES and len(texts) == len(values) else None


def _read_with_care(key: bytes | None, headers: tuple[tuple[str, bytes | None], ...]) -> Envelope:
    """The envelope of any record, whatever else its headers hold; see `read_envelope`."""
    texts = _texts(headers)
    for name in REQUIRED:
        if not texts.get(name):
            raise Malformed(name, "this header is missing or empty")
    _expect(texts, "content-type", "application/json")
    _expect(texts, "ce_specversion", "1.0")
    _expect(texts, "ce_dataschema", dataschema_of(texts["ce_type"]))
    _check_key(key, texts)
    return Envelope(
        id=texts["ce_id"],
        source=texts["ce_source"],
        type=texts["ce_type"],
        subject=texts["ce_subject"],
        time=_time(texts["ce_time"]),
        correlation_id=texts["ce_correlationid"],
        causation_id=texts.get("ce_causationid"),
        sequence=_sequence(texts.get("ce_sequence")),
        traceparent=_traceparent(texts.get("traceparent")),
    )


def _texts(headers: Iterable[tuple[str, bytes | None]]) -> Mapping[str, str]:
    """The headers that are read; others may be, hold and repeat what they like."""
    texts: dict[str, str] = {}
    for name, value in headers:
        if not (name.startswith("ce_") or name in ("content-type", "traceparent")):
            continue
        if name in texts:
            raise Malformed(name, "this header stands there twice")
        if len(value or b"") > MAX_HEADER_BYTES:
            raise Malformed(name, f"this header is longer than {MAX_HEADER_BYTES} bytes")
        try:
            texts[name] = (value or b"").decode()
        except UnicodeDecodeError:
            raise Malformed(name, "this header is not UTF-8") from None
    return texts


_dataschema = lru_cache(maxsize=1024)(dataschema_of)


def _uuid5(name: str) -> str:
    """`str(uuid.uuid5(NAMESPACE, name))` without the objects: each fact and each answer has such an id."""
    digest = sha1(_NAMESPACE_BYTES + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def _layouts() -> Mapping[tuple[str, ...], tuple[int, int, int, int]]:
    """Names as `headers_of` writes them → where the four stand of which three may be absent (then -1)."""
    found = {}
    for sequence, causation, trace in product((None, 1), (None, ""), (None, "")):
        written = headers_of(
            Envelope("", "", "", "", datetime.fromtimestamp(0, UTC), "", causation, sequence, trace)
        )
        names = tuple(name for name, _ in written)
        found[names] = tuple(names.index(name) if name in names else -1 for name in _OPTIONAL)
    return found  # type: ignore[return-value] # four each


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _expect(texts: Mapping[str, str], name: str, wanted: str) -> None:
    if texts[name] != wanted:
        raise Malformed(name, f"{texts[name]!r}, where {wanted!r} is expected")


def _check_key(key: bytes | None, texts: Mapping[str, str]) -> None:
    if not key:
        raise Malformed("key", "the record has no key")
    if not _ID.match(texts["ce_subject"]):
        raise Malformed("ce_subject", f"{texts['ce_subject']!r} is not an id")
    if key != texts["ce_subject"].encode():
        raise Malformed("key", f"the key is not the subject {texts['ce_subject']!r}")
    _expect(texts, "ce_partitionkey", texts["ce_subject"])


def _time(text: str) -> datetime:
    if not TIME_PATTERN.match(text):
        raise Malformed("ce_time", f"{text!r} is not RFC 3339 with a zone")
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise Malformed("ce_time", f"{text!r}: {error}") from error


def _sequence(text: str | None) -> int | None:
    if text is None:
        return None
    digits = len(text) == SEQUENCE_DIGITS and text.isascii() and text.isdigit()
    if not digits or not 1 <= int(text) <= MAX_SEQUENCE:
        raise Malformed("ce_sequence", f"{text!r} is not {SEQUENCE_DIGITS} digits counting from 1")
    return int(text)


def _traceparent(text: str | None) -> str | None:
    """W3C Trace Context: an invalid one is ignored, never an error."""
    return text if text is not None and _TRACEPARENT.match(text) else None


def _check_command(message: Message, envelope: Envelope) -> None:
    if not isinstance(message, Command):
        return
    if message.command_id != envelope.id:
        raise Malformed("command_id", f"{message.command_id!r} differs from the header ce_id {envelope.id!r}")
    if message.occurred_at != envelope.time:
        raise Malformed("occurred_at", "differs from the header ce_time")


_LAYOUTS = _layouts()
