"""Kafka's record batch, version 2, of records whose headers are encoded already.

The client library's builder takes headers one by one, which for ours costs more than the rest of publishing.
This one writes the same bytes (https://kafka.apache.org/documentation/#recordbatch), without compression, and
offers what the library's producer asks of a builder.
"""

from __future__ import annotations

import struct

from aiokafka.record.util import calc_crc32c

from orestream.chassis.store.outbox_row import OutboxRow
from orestream.chassis.wire_headers import VARINT

BATCH_BYTES = 1 << 20
"""Just below the broker's own limit of a record batch, 1,048,588 bytes."""

_PREFIX = struct.Struct(">qiibI")
"""Base offset, length of what follows it, partition leader epoch, magic, CRC of what follows that."""
_HEADER = struct.Struct(">hiqqqhii")
"""Attributes, last offset, first and last time, producer id and epoch, first sequence, count."""
_MAGIC = 2
_BEFORE_LENGTH_ENDS = struct.calcsize(">qi")
_TRANSACTIONAL = 0x10


class RecordBatch:
    """Records of one partition, in order, closed to the library's own additions from the beginning."""

    def __init__(self, room: int = BATCH_BYTES, *, transactional: bool = True) -> None:
        self._room = room - _PREFIX.size - _HEADER.size
        self._attributes = _TRANSACTIONAL if transactional else 0
        self._parts: list[bytes] = []
        self._size = 0
        self._count = 0
        self._first_ms = 0
        self._last_ms = 0
        self._producer = (-1, -1, -1)
        self._built: bytes | None = None

    def add(self, row: OutboxRow, latest_ms: int) -> bool:
        """False, and nothing added, where there is no room; a time after `latest_ms` becomes that."""
        key, value = row.key, row.value
        stamp = min(row.timestamp_ms, latest_ms)
        if not self._count:
            self._first_ms = stamp
        record = b"".join(
            (
                b"\0",
                VARINT[stamp - self._first_ms],
                VARINT[self._count],
                VARINT[-1 if key is None else len(key)],
                key or b"",
                VARINT[-1 if value is None else len(value)],
                value or b"",
                row.encoded_headers,
            )
        )
        length = VARINT[len(record)]
        size = self._size + len(length) + len(record)
        if size > self._room:
            return False
        self._parts += length, record
        self._size = size
        self._count += 1
        self._last_ms = max(self._last_ms, stamp)
        return True

    # what the library's accumulator and sender call

    def append(self, **_record: object) -> None:
        """Nothing more goes in."""

    def close(self) -> None:
        """It is closed."""

    def closed(self) -> bool:
        """Always, so that the library neither adds to it nor waits before sending it."""
        return True

    def record_count(self) -> int:
        """How many records it holds."""
        return self._count

    def size(self) -> int:
        """How many bytes it makes."""
        return _PREFIX.size + _HEADER.size + self._size

    def _set_producer_state(self, producer_id: int, producer_epoch: int, base_sequence: int) -> None:
        self._producer = (producer_id, producer_epoch, base_sequence)

    def _build(self) -> bytes:
        """The whole, the same bytes when it has to be sent again."""
        if self._built is None:
            times = self._first_ms, self._last_ms
            header = _HEADER.pack(self._attributes, self._count - 1, *times, *self._producer, self._count)
            guarded = b"".join((header, *self._parts))
            length = _PREFIX.size - _BEFORE_LENGTH_ENDS + len(guarded)
            self._built = _PREFIX.pack(0, length, -1, _MAGIC, calc_crc32c(guarded)) + guarded
            self._parts.clear()
        return self._built
