"""Asks a broker for its metadata, in the smallest way the protocol has: is it up and able to make topics?

A KRaft broker accepts connections a little before it may hold partitions; until then it is not in its own
list of brokers. One request on a fresh connection tells both apart, without a client that retries and logs.
"""

import socket
import struct

_METADATA, _VERSION = 3, 1
_CLIENT = b"orestream"
_TIMEOUT_S = 2.0
_LENGTH = struct.Struct(">i")


def answers_metadata(host: str, port: int) -> bool:
    """Whether the broker answers and counts itself in. Any failure to talk to it means: not yet."""
    try:
        with socket.create_connection((host, port), _TIMEOUT_S) as connection:
            connection.settimeout(_TIMEOUT_S)
            connection.sendall(_request())
            return _brokers_in(_response(connection)) > 0
    except OSError:
        return False


def _request() -> bytes:
    header = struct.pack(">hhih", _METADATA, _VERSION, 1, len(_CLIENT)) + _CLIENT
    no_topics = _LENGTH.pack(0)
    return _LENGTH.pack(len(header) + len(no_topics)) + header + no_topics


def _response(connection: socket.socket) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    return _exactly(connection, length)


def _exactly(connection: socket.socket, length: int) -> bytes:
    received = bytearray()
    while len(received) < length:
        part = connection.recv(length - len(received))
        if not part:
            raise ConnectionResetError("The broker closed the connection.")
        received += part
    return bytes(received)


def _brokers_in(response: bytes) -> int:
    """Return the number of brokers: the first field after the correlation id."""
    (count,) = _LENGTH.unpack_from(response, _LENGTH.size)
    return int(count)
