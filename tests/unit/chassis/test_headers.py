"""Headers survive the database, whatever bytes they hold."""

import json

from hypothesis import given
from hypothesis import strategies as st

from orestream.chassis.headers import pack, unpack
from orestream.chassis.store.outbox import _with_sequence
from orestream.contracts.wire import SEQUENCE_DIGITS

HEADERS = st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.binary())).map(tuple)


@given(HEADERS)
def test_what_is_packed_is_unpacked_the_same(headers: tuple[tuple[str, bytes], ...]) -> None:
    assert unpack(pack(headers)) == headers


@given(HEADERS)
def test_packed_headers_are_ascii_json_without_nul(headers: tuple[tuple[str, bytes], ...]) -> None:
    text = pack(headers)

    assert text.isascii()
    assert "\x00" not in text
    assert len(json.loads(text)) == len(headers)


def test_a_sequence_is_put_into_its_own_header_alone() -> None:
    nought = b"0" * SEQUENCE_DIGITS
    said = b'["ce_sequence", "' + nought + b'"]'
    headers = (("ce_sequence", nought), ("original_ce_sequence", nought), ("orestream_reason", said))

    numbered = dict(unpack(_with_sequence(pack(headers), 7)))

    assert numbered["ce_sequence"] == b"7".zfill(SEQUENCE_DIGITS)
    assert numbered["original_ce_sequence"] == nought
    assert numbered["orestream_reason"] == said
