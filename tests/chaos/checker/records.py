"""Records and headers decoded without the services' code, and prints by which bytes are compared."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Self

Headers = tuple[tuple[str, bytes | None], ...]
Series = tuple[str, int]
"""Topic and partition."""

_LENGTH = struct.Struct("<i")
_ABSENT = -1
_PRINT_BYTES = 12


@lru_cache(maxsize=4096)
def _packed_name(name: str) -> bytes:
    encoded = name.encode()
    return _LENGTH.pack(len(encoded)) + encoded


def pack(headers: Iterable[tuple[str, bytes | None]]) -> bytes:
    """Headers as one run of bytes, each part behind its length: smaller to keep, and nothing is ambiguous."""
    parts: list[bytes] = []
    for name, value in headers:
        parts.append(_packed_name(name))
        parts.append(_LENGTH.pack(_ABSENT if value is None else len(value)))
        if value:
            parts.append(value)
    return b"".join(parts)


def unpack(packed: bytes) -> Headers:
    """The headers that `pack` wrote."""
    found: list[tuple[str, bytes | None]] = []
    at = 0
    while at < len(packed):
        name, at = _part(packed, at)
        value, at = _part(packed, at)
        found.append(((name or b"").decode(), value))
    return tuple(found)


def _part(packed: bytes, at: int) -> tuple[bytes | None, int]:
    (length,) = _LENGTH.unpack_from(packed, at)
    at += _LENGTH.size
    return (None, at) if length == _ABSENT else (packed[at : at + length], at + length)


def stored_headers(encoded: bytes) -> Headers:
    """Headers as an outbox row keeps them, which is as a record holds them on the wire.

    Their number, then name and value of each behind its length; all numbers are zigzag varints, -1 is absent.
    """
    found: list[tuple[str, bytes | None]] = []
    count, at = _varint(encoded, 0)
    for _ in range(count):
        name, at = _counted(encoded, at)
        value, at = _counted(encoded, at)
        found.append(((name or b"").decode(), value))
    if at != len(encoded):
        raise ValueError(f"{len(encoded) - at} bytes behind {count} headers")
    return tuple(found)


def _counted(encoded: bytes, at: int) -> tuple[bytes | None, int]:
    length, at = _varint(encoded, at)
    return (None, at) if length < 0 else (encoded[at : at + length], at + length)


def _varint(encoded: bytes, at: int) -> tuple[int, int]:
    """The number at a place, and the place behind it."""
    value, shift = 0, 0
    while True:
        value += (encoded[at] % 128) * (1 << shift)
        if encoded[at] < 128:
            return (value // 2 if value % 2 == 0 else -(value // 2) - 1), at + 1
        at, shift = at + 1, shift + 7


def print_of(key: bytes | None, headers: bytes, value: bytes | None) -> bytes:
    """Three digests in a row: of key, packed headers and value; an absent one differs from an empty one."""
    return b"".join(
        b"\0" * _PRINT_BYTES if part is None else blake2b(part, digest_size=_PRINT_BYTES).digest()
        for part in (key, headers, value)
    )


def differing(one: bytes, other: bytes) -> str:
    """Which parts two prints differ in, in words."""
    names = ("key", "headers", "value")
    cut = [slice(i * _PRINT_BYTES, (i + 1) * _PRINT_BYTES) for i in range(len(names))]
    return ", ".join(name for name, part in zip(names, cut, strict=True) if one[part] != other[part])


@dataclass(frozen=True, slots=True)
class Record:
    """One record on a topic; what is asked often is decoded once, the rest when asked."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    packed: bytes
    value: bytes | None
    timestamp_ms: int
    print: bytes
    id: str
    source: str
    type: str
    sequence: int
    """0 where there is none that can be read."""
    cause: str
    """`ce_causationid`; empty where there is none."""

    @classmethod
    def of(
        cls,
        series: Series,
        offset: int,
        key: bytes | None,
        headers: Iterable[tuple[str, bytes | None]],
        value: bytes | None,
        *,
        timestamp_ms: int = 0,
    ) -> Self:
        """A record as a client gives it."""
        told = tuple(headers)
        texts = texts_of(told)
        packed = pack(told)
        return cls(
            sys.intern(series[0]),
            series[1],
            offset,
            key,
            packed,
            value,
            timestamp_ms,
            print_of(key, packed, value),
            texts.get("ce_id", ""),
            sys.intern(texts.get("ce_source", "")),
            sys.intern(texts.get("ce_type", "")),
            number(texts.get("ce_sequence", "")),
            sys.intern(texts.get("ce_causationid", "")),
        )

    @property
    def at(self) -> str:
        """Where it stands: `topic/partition/offset`."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    @property
    def series(self) -> Series:
        """Its topic and partition."""
        return self.topic, self.partition

    @property
    def headers(self) -> Headers:
        """All headers, in their order."""
        return unpack(self.packed)

    @property
    def header(self) -> dict[str, str]:
        """Headers as text, those that are text."""
        return texts_of(self.headers)

    @property
    def key_text(self) -> str:
        """The key as text, for findings."""
        return "(no key)" if self.key is None else self.key.decode("utf-8", "backslashreplace")

    def content(self) -> Any:
        """The value's JSON. Raises ValueError where it is none."""
        return json.loads(self.value or b"")

    def having(self, **changes: Any) -> Record:
        """The same with another place, key, headers or value, and the print that belongs to it."""
        moved = replace(self, **{k: v for k, v in changes.items() if k in ("topic", "partition", "offset")})
        return Record.of(
            moved.series,
            moved.offset,
            changes.get("key", self.key),
            changes.get("headers", self.headers),
            changes.get("value", self.value),
            timestamp_ms=self.timestamp_ms,
        )


def texts_of(headers: Headers) -> dict[str, str]:
    """Headers that are UTF-8, by name; the first of a name counts."""
    texts: dict[str, str] = {}
    for name, value in headers:
        if name in texts or value is None:
            continue
        try:
            texts[name] = value.decode()
        except UnicodeDecodeError:
            continue
    return texts


def number(text: str) -> int:
    """A `ce_sequence` of twenty digits; 0 for anything else."""
    return int(text) if len(text) == 20 and text.isascii() and text.isdigit() else 0


def murmur2(key: bytes) -> int:
    """Kafka's hash of a key, written from the Java client's source: 32 bits, seed 0x9747b28c."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = (0x9747B28C ^ len(key)) & mask
    whole = len(key) // 4
    for (k,) in struct.iter_unpack("<I", key[: whole * 4]):
        k1 = (k * m) & mask
        k2 = ((k1 ^ (k1 >> 24)) * m) & mask
        h = ((h * m) & mask) ^ k2
    rest = key[whole * 4 :]
    for place in range(len(rest) - 1, -1, -1):
        h ^= rest[place] << (8 * place)
    if rest:
        h = (h * m) & mask
    h = ((h ^ (h >> 13)) * m) & mask
    return h ^ (h >> 15)


def partition_of(key: bytes, partitions: int) -> int:
    """Where a client that knows nothing of the services puts a key."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
