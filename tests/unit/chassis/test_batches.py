"""A Kafka transaction holds whole decisions, in order, each partition's share bounded."""

from typing import Any

import pytest
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from orestream.chassis.errors import OutboxBroken
from orestream.chassis.records import Series
from orestream.chassis.relay.batches import cut, pack
from orestream.chassis.relay.record_batch import RecordBatch
from orestream.chassis.store.outbox_row import OutboxRow
from tests.support.memory_outbox import MemoryOutbox

DECISIONS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=20)


def rows_of(decisions: list[list[int]]) -> list[OutboxRow]:
    outbox = MemoryOutbox()
    outbox.commit(*([(Series("t", partition), b"k", b"v") for partition in one] for one in decisions))
    return outbox.rows


def read(batch: RecordBatch) -> list[Any]:
    """A batch's records, by the client library's parser."""
    return list(MemoryRecords(batch._build()).next_batch())


@given(DECISIONS, st.integers(1, 8))
def test_a_transaction_never_cuts_a_decision_and_keeps_to_each_partitions_share(
    decisions: list[list[int]], share: int
) -> None:
    rows = rows_of(decisions)
    first = decisions[0]
    size = cut(rows, share)
    assert rows[size - 1].decision_end
    for partition in range(3):
        count = sum(1 for row in rows[:size] if row.partition == partition)
        assert count <= max(share, first.count(partition))


@given(DECISIONS, st.integers(1, 8))
def test_transactions_make_up_the_whole_outbox(decisions: list[list[int]], share: int) -> None:
    rows = rows_of(decisions)
    published: list[OutboxRow] = []
    while rows:
        size = cut(rows, share)
        published, rows = published + rows[:size], rows[size:]
    assert [row.position for row in published] == list(range(1, sum(map(len, decisions)) + 1))


def test_a_decision_larger_than_a_share_goes_whole() -> None:
    assert cut(rows_of([[0] * 5, [0]]), 2) == 5


@given(DECISIONS, st.integers(180, 600))
def test_batches_keep_each_partitions_order(decisions: list[list[int]], room: int) -> None:
    rows = rows_of(decisions)
    packed = list(pack(rows, room))
    for partition in range(3):
        sequences = [
            int(record.headers[1][1])
            for place, batch in packed
            if place.partition == partition
            for record in read(batch)
        ]
        assert sequences == [row.sequence for row in rows if row.partition == partition]


def test_a_record_that_fits_no_batch_is_named() -> None:
    with pytest.raises(OutboxBroken, match="outbox row 1 does not fit"):
        list(pack(rows_of([[0]]), 100))


def test_times_in_the_future_are_brought_back_to_now() -> None:
    # a broker refuses them, and the outbox would never move again
    (row,) = rows_of([[0]])
    ((_, batch),) = pack([row._replace(timestamp_ms=2**50)])
    assert read(batch)[0].timestamp < 2**50
