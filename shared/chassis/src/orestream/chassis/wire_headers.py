"""Headers as a Kafka record holds them: encoded when a record is decided, published as they are.

https://kafka.apache.org/documentation/#recordheader: their number, then name and value of each, every length
a varint (zigzag, seven bits a byte, the lowest first).
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from orestream.contracts.wire import SEQUENCE_DIGITS

Headers = tuple[tuple[str, bytes], ...]

SEQUENCE = "ce_sequence"
_REMEMBERED = 1 << 14
"""Varints up to here are kept; lengths and places within a batch are seldom beyond."""


_SEVEN_BITS = 0x7F
_MORE = 0x80
"""Set in every byte of a varint but the last."""


class _Varints(dict[int, bytes]):
    """Integers → varints; -1 stands for the length of what is absent."""

    def __missing__(self, number: int) -> bytes:
        encoded = _varint(number)
        if abs(number) < _REMEMBERED:
            self[number] = encoded
        return encoded


VARINT = _Varints()


class Unnumbered(NamedTuple):
    """Headers without the digits of `ce_sequence`, which the commit gives: what stands before and behind."""

    before: bytes
    behind: bytes

    @property
    def size(self) -> int:
        """Bytes of the headers whole."""
        return len(self.before) + SEQUENCE_DIGITS + len(self.behind)

    def numbered(self, sequence: int) -> bytes:
        """The headers whole."""
        return b"%b%0*d%b" % (self.before, SEQUENCE_DIGITS, sequence, self.behind)


def encode(headers: Collection[tuple[str, bytes]]) -> Unnumbered:
    """Headers, parted at the value of the first `ce_sequence`. Raises ValueError where there is none."""
    before = None
    parts = [VARINT[len(headers)]]
    for name, value in headers:
        parts += _name(name), VARINT[len(value)]
        if name == SEQUENCE and before is None and len(value) == SEQUENCE_DIGITS:
            before, parts = b"".join(parts), []
        else:
            parts.append(value)
    if before is None:
        raise ValueError(f"no {SEQUENCE} of {SEQUENCE_DIGITS} digits among these headers")
    return Unnumbered(before, b"".join(parts))


def decode(encoded: bytes) -> Headers:
    """The headers that `encode` wrote, numbered."""
    count, at = _read(encoded, 0)
    headers = []
    for _ in range(count):
        name, at = _bytes(encoded, at)
        value, at = _bytes(encoded, at)
        headers.append((name.decode(), value))
    return tuple(headers)


@lru_cache(maxsize=1024)
def _name(name: str) -> bytes:
    """Names come again and again."""
    encoded = name.encode()
    return VARINT[len(encoded)] + encoded


def _bytes(encoded: bytes, at: int) -> tuple[bytes, int]:
    length, at = _read(encoded, at)
    return encoded[at : at + length], at + length


def _varint(number: int) -> bytes:
    rest = (number << 1) ^ (number >> 63)
    encoded = bytearray()
    while rest > _SEVEN_BITS:
        encoded.append(rest & _SEVEN_BITS | _MORE)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def _read(encoded: bytes, at: int) -> tuple[int, int]:
    """The number at a place, and the place behind it."""
    number = shift = 0
    while True:
        byte = encoded[at]
        number |= (byte & _SEVEN_BITS) << shift
        at, shift = at + 1, shift + 7
        if byte < _MORE:
            return (number >> 1) ^ -(number & 1), at
