"""Our record batch is the client library's own, byte for byte."""

from typing import Any

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from orestream.chassis.relay.record_batch import BATCH_BYTES, RecordBatch
from orestream.chassis.store.outbox_row import OutboxRow
from orestream.chassis.wire_headers import encode
from orestream.contracts.wire import SEQUENCE_DIGITS

NO_LIMIT = 2**62
HEADERS = st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.binary(max_size=200)))
ROWS = st.lists(
    st.builds(
        lambda key, value, headers, stamp: OutboxRow(
            position=1,
            link="",
            previous_link="",
            decision_end=True,
            topic="t",
            partition=0,
            sequence=1,
            key=key,
            encoded_headers=encode((("ce_sequence", b"0" * SEQUENCE_DIGITS), *headers)).numbered(1),
            value=value,
            timestamp_ms=stamp,
        ),
        st.none() | st.binary(max_size=20),
        st.none() | st.binary(max_size=300),
        HEADERS,
        st.integers(0, 2**45),
    ),
    min_size=1,
    max_size=30,
)


def batch_of(rows: list[OutboxRow], room: int = BATCH_BYTES, latest: int = NO_LIMIT) -> RecordBatch:
    batch = RecordBatch(room)
    for row in rows:
        if not batch.add(row, latest):
            break
    return batch


def built(batch: RecordBatch) -> bytes:
    batch._set_producer_state(11, 3, 42)
    return batch._build()


@given(ROWS)
def test_the_bytes_are_those_of_the_librarys_builder(rows: list[OutboxRow]) -> None:
    library: Any = DefaultRecordBatchBuilder(
        2, 0, is_transactional=1, producer_id=11, producer_epoch=3, base_sequence=42, batch_size=BATCH_BYTES
    )
    for offset, row in enumerate(rows):
        headers = list(row.headers)
        library.append(offset, row.timestamp_ms, key=row.key, value=row.value, headers=headers)

    assert built(batch_of(rows)) == bytes(library.build())


@given(ROWS)
def test_the_librarys_parser_reads_what_was_put_in(rows: list[OutboxRow]) -> None:
    batch: Any = MemoryRecords(built(batch_of(rows))).next_batch()

    assert batch.validate_crc()
    read = [(r.offset, r.timestamp, r.key, r.value, tuple(r.headers)) for r in batch]
    assert read == [
        (offset, row.timestamp_ms, row.key, row.value, row.headers) for offset, row in enumerate(rows)
    ]


@given(ROWS, st.integers(100, 2_000))
def test_a_batch_never_outgrows_its_room_and_tells_its_size(rows: list[OutboxRow], room: int) -> None:
    batch = batch_of(rows, room)

    size = batch.size()
    assert len(built(batch)) == size
    assert size <= room


@given(ROWS)
def test_a_batch_that_is_sent_again_is_the_same(rows: list[OutboxRow]) -> None:
    batch = batch_of(rows)
    assert built(batch) is batch._build()


@given(ROWS)
def test_nothing_joins_a_batch_through_the_library(rows: list[OutboxRow]) -> None:
    batch = batch_of(rows)
    batch.append(timestamp=0, key=b"k", value=b"v", headers=[])
    assert batch.closed()
    assert batch.record_count() == len(rows)
