"""How requests and answers of Kafka and of PostgreSQL are told apart on the wire."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass

APIS = {
    0: "produce",
    1: "fetch",
    2: "list-offsets",
    3: "metadata",
    8: "offset-commit",
    9: "offset-fetch",
    10: "find-coordinator",
    11: "join-group",
    12: "heartbeat",
    13: "leave-group",
    14: "sync-group",
    22: "init-producer-id",
    24: "add-partitions-to-txn",
    25: "add-offsets-to-txn",
    26: "end-txn",
}
_SSL_REQUEST, _CANCEL_REQUEST = 80877103, 80877102
_POSTGRES = {b"Q": "query", b"P": "parse", b"B": "bind", b"E": "execute", b"S": "sync", b"X": "terminate"}
_SMALL_QUERY = 64


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request as it stands on the wire."""

    raw: bytes
    what: str
    correlation: int
    client: str


async def kafka_frame(reader: asyncio.StreamReader) -> bytes:
    """The next frame with its length. Raises IncompleteReadError at the end of the stream."""
    head = await reader.readexactly(4)
    return head + await reader.readexactly(struct.unpack(">i", head)[0])


def kafka_request(raw: bytes) -> Request:
    """A frame of a client, understood."""
    key, _version, correlation, length = struct.unpack_from(">hhih", raw, 4)
    client = raw[14 : 14 + length].decode(errors="replace") if length > 0 else ""
    return Request(raw, APIS.get(key, f"api-{key}"), correlation, client)


def kafka_correlation(raw: bytes) -> int:
    """Which request a broker's frame answers."""
    number: int = struct.unpack_from(">i", raw, 4)[0]
    return number


async def postgres_message(reader: asyncio.StreamReader, greeted: bool) -> tuple[bytes, str, bool]:
    """The client's next message, what it is, and whether the greeting is over.

    Before the greeting messages have no type; a request for encryption may come before it.
    """
    if not greeted:
        head = await reader.readexactly(8)
        length, code = struct.unpack(">ii", head)
        raw = head + await reader.readexactly(length - 8)
        return raw, "greeting", code not in (_SSL_REQUEST, _CANCEL_REQUEST)
    head = await reader.readexactly(5)
    raw = head + await reader.readexactly(struct.unpack(">i", head[1:])[0] - 4)
    return raw, _postgres_kind(raw), True


def _postgres_kind(raw: bytes) -> str:
    kind = _POSTGRES.get(raw[:1], "other")
    if kind == "query" and len(raw) < _SMALL_QUERY and raw[5:].upper().startswith(b"COMMIT"):
        return "commit"
    return kind
