"""Headers survive the database, whatever bytes they hold."""

import json

from hypothesis import given
from hypothesis import strategies as st

from orestream.chassis.headers import pack, unpack

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
