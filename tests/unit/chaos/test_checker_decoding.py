"""The checker's own decoding: Kafka's hash, headers as stored, prints of bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orestream.chassis.wire_headers import encode
from orestream.contracts import topics
from tests.chaos.checker.records import (
    Record,
    differing,
    murmur2,
    pack,
    partition_of,
    print_of,
    stored_headers,
    unpack,
)

HEADERS = st.lists(st.tuples(st.text(min_size=1), st.binary()), max_size=6).map(tuple)


@pytest.mark.parametrize(
    ("key", "hashed"),
    [(b"21", -973932308), (b"foobar", -790332482), (b"a-little-bit-long-string", -985981536)],
)
def test_the_hash_is_the_one_of_the_java_client(key: bytes, hashed: int) -> None:
    assert murmur2(key) == hashed & 0xFFFFFFFF


@given(st.binary(), st.integers(1, 100))
def test_both_hashes_agree(key: bytes, partitions: int) -> None:
    assert partition_of(key, partitions) == topics.partition_of(key, partitions)


@given(HEADERS)
def test_headers_survive_packing(told: tuple[tuple[str, bytes | None], ...]) -> None:
    assert unpack(pack(told)) == told


@given(HEADERS, st.integers(0, 10**20 - 1))
def test_headers_are_read_as_the_store_writes_them(told: tuple[tuple[str, bytes], ...], number: int) -> None:
    whole = (*told, ("ce_sequence", b"0" * 20))
    assert stored_headers(encode(whole).numbered(number)) == (*told, ("ce_sequence", b"%020d" % number))


def test_bytes_behind_the_headers_are_no_headers() -> None:
    with pytest.raises(ValueError, match="2 bytes behind 0 headers"):
        stored_headers(b"\x00ab")


def test_an_absent_header_value_is_told_from_an_empty_one() -> None:
    assert stored_headers(b"\x04\x02a\x01\x02b\x00") == (("a", None), ("b", b""))


def test_a_print_tells_absent_from_empty() -> None:
    assert differing(print_of(None, b"", None), print_of(b"", b"", b"")) == "key, value"


def test_an_altered_record_has_another_print() -> None:
    record = Record.of(("topic", 0), 0, b"key", (("ce_id", b"one"),), b"value")
    changed = record.having(headers=(("ce_id", b"two"),))
    assert changed.id == "two"
    assert differing(record.print, changed.print) == "headers"
