"""Records decoded: what each is, or why it is nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from orestream.chassis.intake.setup import Setup
from orestream.chassis.intake.writer import Cause
from orestream.chassis.records import Fetched
from orestream.chassis.store.received import Source
from orestream.contracts.decimals import ID_PATTERN, TIME_PATTERN
from orestream.contracts.decision import Happened
from orestream.contracts.message import Command, Fact
from orestream.contracts.wire import MAX_HEADER_BYTES, SEQUENCE_DIGITS, Malformed, UnknownType

_ID = re.compile(ID_PATTERN)
_NOBODY = "unknown"
_KEY_LENGTH = 500


class CommandIn(NamedTuple):
    """A command that can be decided."""

    record: Fetched
    command: Command
    cause: Cause
    key: str
    digest: str
    """Of its content: the same however its JSON is written, as long as it says the same."""


@dataclass(frozen=True, slots=True)
class CommandBroken:
    """Something on the command topic that is no command; answered R01."""

    record: Fetched
    error: Malformed
    cause: Cause
    """Its id is the command id where that can be read, else the record's place."""
    type: str
    digest: str


class FactIn(NamedTuple):
    """Another service's fact."""

    record: Fetched
    happened: Happened
    cause: Cause
    key: str
    source: Source
    sequence: int


@dataclass(frozen=True, slots=True)
class FactUnknown:
    """A fact of a type that this version does not know; skipped, but it counts in its sequence."""

    record: Fetched
    type: str
    source: Source
    sequence: int


@dataclass(frozen=True, slots=True)
class FactBroken:
    """A fact that cannot be decoded; parked."""

    record: Fetched
    error: Malformed
    cause: Cause
    key: str
    source: Source | None
    """None where not even its place in a sequence can be read."""
    sequence: int


FactLike = FactIn | FactUnknown | FactBroken
CommandLike = CommandIn | CommandBroken
Inbound = FactLike | CommandLike


def read(setup: Setup, record: Fetched) -> Inbound:
    """What a record is. Never raises: what is wrong with it is part of what it is."""
    if record.topic == setup.commands_topic:
        return read_command(setup, record)
    return read_fact(setup, record)


def read_command(setup: Setup, record: Fetched) -> CommandLike:
    """What a record on the command topic is."""
    try:
        envelope, message = setup.decode(record.key, record.headers, record.value)
        if not isinstance(message, Command) or message.type_for(setup.domain.service) != envelope.type:
            raise Malformed("ce_type", f"{envelope.type!r} is no command for {setup.domain.service}")
    except Malformed as error:
        texts = _texts(record)
        cause = _cause(record, texts, _command_id(record, texts))
        return CommandBroken(
            record, error, cause, texts.get("ce_type") or _NOBODY, _digest(record.value or b"")
        )
    return CommandIn(record, message, Cause.of(envelope), envelope.subject, digest_of(message))


def digest_of(command: Command) -> str:
    """Of a command's content."""
    return _digest(type(command).__name__.encode() + b"\n" + command.write())


def _digest(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"


def read_fact(setup: Setup, record: Fetched) -> FactLike:
    """What a record on a fact topic is."""
    try:
        envelope, message = setup.decode(record.key, record.headers, record.value)
        if not isinstance(message, Fact):
            raise Malformed("ce_type", f"{envelope.type!r} is no fact")
        if envelope.sequence is None:
            raise Malformed("ce_sequence", "this header is missing")
        if "\x00" in envelope.source:
            raise Malformed("ce_source", "it holds a NUL character")
    except UnknownType as error:
        source, sequence = _place_in_sequence(record, _texts(record))
        if source is not None:
            return FactUnknown(record, error.type, source, sequence)
        return _broken(record, Malformed("ce_sequence", "this header is missing or malformed"))
    except Malformed as error:
        return _broken(record, error)
    happened = Happened(message, envelope.time, envelope.source, envelope.id, envelope.correlation_id)
    source = Source(envelope.source, record.topic, record.partition)
    return FactIn(record, happened, Cause.of(envelope), envelope.subject, source, envelope.sequence)


def _broken(record: Fetched, error: Malformed) -> FactBroken:
    texts = _texts(record)
    source, sequence = _place_in_sequence(record, texts)
    cause = _cause(record, texts, texts.get("ce_id") or record.at)
    return FactBroken(record, error, cause, key_text(record), source, sequence)


def cause_of(record: Fetched) -> Cause:
    """A record as a cause, as far as it can be read."""
    texts = _texts(record)
    return _cause(record, texts, texts.get("ce_id") or record.at)


def key_text(record: Fetched) -> str:
    """The key as an id; a record without one is on its own, under the name of its place.

    One longer than any id is cut to what a database can index, and told from others by its digest.
    """
    if not record.key:
        return record.at
    text = record.key.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    if len(text) <= _KEY_LENGTH:
        return text
    return f"{text[:100]}…sha256:{sha256(record.key).hexdigest()}"


def _cause(record: Fetched, texts: Mapping[str, str], id_: str) -> Cause:
    return Cause(
        id=id_,
        source=texts.get("ce_source") or _NOBODY,
        time=_time(texts.get("ce_time")) or datetime.fromtimestamp(record.timestamp_ms / 1000, UTC),
        correlation_id=texts.get("ce_correlationid") or id_,
    )


def _command_id(record: Fetched, texts: Mapping[str, str]) -> str:
    """The command id from the header, else from the value, else the record's place."""
    for candidate in (texts.get("ce_id"), _id_in_value(record.value)):
        if isinstance(candidate, str) and _ID.fullmatch(candidate):
            return candidate
    return record.at


def _id_in_value(value: bytes | None) -> object:
    try:
        read_ = json.loads(value or b"")
    except (ValueError, RecursionError):
        return None
    return read_.get("command_id") if isinstance(read_, dict) else None


def _place_in_sequence(record: Fetched, texts: Mapping[str, str]) -> tuple[Source | None, int]:
    source, sequence = texts.get("ce_source"), texts.get("ce_sequence", "")
    if not source or len(sequence) != SEQUENCE_DIGITS or not (sequence.isascii() and sequence.isdigit()):
        return None, 0
    return Source(source, record.topic, record.partition), int(sequence)


def _texts(record: Fetched) -> dict[str, str]:
    """The headers that can be read; of one that stands there twice or is too long, none."""
    texts: dict[str, str] = {}
    unread = set()
    for name, value in record.headers:
        if name in texts or len(value or b"") > MAX_HEADER_BYTES:
            unread.add(name)
        try:
            texts[name] = value.decode() if value else ""
        except UnicodeDecodeError:
            unread.add(name)
    return {name: text for name, text in texts.items() if name not in unread and "\x00" not in text}


def _time(text: str | None) -> datetime | None:
    if text is None or not TIME_PATTERN.match(text):
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return None
