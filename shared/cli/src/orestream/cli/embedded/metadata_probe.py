"""Asks a broker for its metadata, in the smallest way the protocol has: is it up and able to make topics?

A KRaft broker accepts connections a little before it may hold partitions; until then it is not in its own
list of brokers. One request on a fresh connection tells both apart, without a client that retries and logs.
The cluster's id tells whether it is the broker that was meant, and not another one that had the port before.
"""

import socket
import struct
from dataclasses import dataclass

_METADATA, _VERSION = 3, 2
_CLIENT = b"orestream"
_TIMEOUT_S = 2.0
_INT = struct.Struct(">i")
_SHORT = struct.Struct(">h")


def answers_metadata(host: str, port: int, cluster_id: str | None = None) -> bool:
    """Whether the broker (of this cluster, if given) answers and counts itself in.

    Any failure to talk to it means: not yet.
    """
    try:
        with socket.create_connection((host, port), _TIMEOUT_S) as connection:
            connection.settimeout(_TIMEOUT_S)
            connection.sendall(_request())
            brokers, found = _brokers_and_cluster(_Reader(_response(connection)))
    except OSError:
        return False
    return brokers > 0 and cluster_id in (None, found)


def _request() -> bytes:
    header = struct.pack(">hhih", _METADATA, _VERSION, 1, len(_CLIENT)) + _CLIENT
    no_topics = _INT.pack(0)
    return _INT.pack(len(header) + len(no_topics)) + header + no_topics


def _response(connection: socket.socket) -> bytes:
    (length,) = _INT.unpack(_exactly(connection, _INT.size))
    return _exactly(connection, length)


def _exactly(connection: socket.socket, length: int) -> bytes:
    received = bytearray()
    while len(received) < length:
        part = connection.recv(length - len(received))
        if not part:
            raise ConnectionResetError("The broker closed the connection.")
        received += part
    return bytes(received)


@dataclass(slots=True)
class _Reader:
    """Takes fields from the front of a response."""

    response: bytes
    at: int = 0

    def number(self) -> int:
        (value,) = _INT.unpack_from(self.response, self.at)
        self.at += _INT.size
        return int(value)

    def text(self) -> str | None:
        (length,) = _SHORT.unpack_from(self.response, self.at)
        start = self.at + _SHORT.size
        self.at = start + max(length, 0)
        return None if length < 0 else self.response[start : self.at].decode()


def _brokers_and_cluster(reader: _Reader) -> tuple[int, str | None]:
    """Return the number of brokers and the cluster's id; the fields are named after the protocol's."""
    _correlation_id = reader.number()
    brokers = reader.number()
    for _ in range(brokers):
        _node_id, _host, _port, _rack = reader.number(), reader.text(), reader.number(), reader.text()
    return brokers, reader.text()
