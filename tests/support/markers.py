"""Makes a stopped broker forget that transactions have ended, as a crash at the wrong moment does.

Kafka 4.3.1 can end a transaction for its coordinator and skip the marker on a partition that has no leader
just then. That takes a crash within milliseconds; here the marker is cut off the end of a partition's log.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

_HEADER = struct.Struct(">qi4xb4xh")
"""Base offset, length, (leader epoch), magic, (checksum), attributes."""
_CONTROL = 0x20


def forget_marker(data_dir: Path, topic: str, partition: int) -> None:
    """Cut the last batch, which must be a marker, off a log of a broker that does not run."""
    directory = data_dir / f"{topic}-{partition}"
    log = max(segment for segment in directory.glob("*.log") if segment.stat().st_size)
    *_, (begin, attributes) = _batches(log.read_bytes())
    assert attributes & _CONTROL, f"the last batch of {directory.name} is no marker"
    with log.open("r+b") as file:
        file.truncate(begin)
    # what was derived from the log is made anew from it
    for derived in (*directory.glob("*.snapshot"), *directory.glob("*index")):
        derived.unlink()
    (data_dir / ".kafka_cleanshutdown").unlink(missing_ok=True)


def _batches(content: bytes) -> Iterator[tuple[int, int]]:
    """Where each batch begins, and its attributes; zeros follow where space was set aside."""
    at = 0
    while at + _HEADER.size <= len(content):
        _, length, _, attributes = _HEADER.unpack_from(content, at)
        if not length:
            return
        yield at, attributes
        at += 12 + length
