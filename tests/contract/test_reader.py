"""The subscriber's reader: repeats are dropped, holes are reported."""

from __future__ import annotations

import pytest

from orestream.contracts.lots import LotDrawn
from orestream.contracts.reader import Read, Reader, Series
from orestream.contracts.wire import Malformed, WireRecord, encode
from tests.contract.test_wire import DRAWN, ENVELOPE

TOPIC = "orestream.mining.lots.v1"


def at(sequence: int | None, source: str = "/orestream/main/mining") -> WireRecord:
    return encode(DRAWN, ENVELOPE._replace(sequence=sequence, source=source))


def read(reader: Reader, wire: WireRecord, partition: int = 0) -> Read | None:
    return reader.read(TOPIC, partition, wire.key, wire.headers, wire.value)


def test_records_in_sequence_are_read_once_each() -> None:
    reader = Reader()
    for sequence in (1, 2, 3):
        seen = read(reader, at(sequence))
        assert seen is not None
        assert isinstance(seen.message, LotDrawn)
        assert seen.missing is None


def test_a_repeat_is_dropped() -> None:
    reader = Reader()
    read(reader, at(1))
    read(reader, at(2))
    assert read(reader, at(2)) is None
    assert read(reader, at(1)) is None


def test_a_hole_is_reported_once() -> None:
    reader = Reader()
    read(reader, at(1))
    seen, after = read(reader, at(5)), read(reader, at(6))
    assert seen is not None
    assert seen.missing == range(2, 5)
    assert after is not None
    assert after.missing is None


def test_a_series_that_does_not_start_at_one_has_a_hole_only_when_read_from_the_beginning() -> None:
    whole, late = read(Reader(), at(4)), read(Reader(from_beginning=False), at(4))
    assert whole is not None
    assert whole.missing == range(1, 4)
    assert late is not None
    assert late.missing is None


def test_sources_and_partitions_count_for_themselves() -> None:
    reader = Reader()
    assert read(reader, at(1)) is not None
    assert read(reader, at(1, source="/orestream/gilgit/mining")) is not None
    assert read(reader, at(1), partition=3) is not None
    assert read(reader, at(1)) is None


def test_a_reader_goes_on_where_another_stopped() -> None:
    first = Reader()
    read(first, at(1))
    second = Reader(first.last)
    assert first.last == {Series("/orestream/main/mining", TOPIC, 0): 1}
    assert read(second, at(1)) is None
    assert read(second, at(2)) is not None


def test_a_type_of_a_later_version_is_skipped_and_counted_without_a_hole() -> None:
    reader = Reader()
    wire = at(1)
    new = {
        b"orestream.lot.drawn.v1": b"orestream.lot.later.v1",
        b"urn:orestream:lot:drawn:v1": b"urn:orestream:lot:later:v1",
    }
    headers = [(name, new.get(value, value)) for name, value in wire.headers]
    assert reader.read(TOPIC, 0, wire.key, headers, wire.value) is None
    assert reader.skipped == {"orestream.lot.later.v1": 1}
    seen = read(reader, at(2))
    assert seen is not None
    assert seen.missing is None


def test_a_record_that_does_not_decode_leaves_the_reader_as_it_was() -> None:
    reader = Reader()
    wire = at(1)
    with pytest.raises(Malformed):
        reader.read(TOPIC, 0, wire.key, wire.headers, b"{")
    assert reader.last == {}
