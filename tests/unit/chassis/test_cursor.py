"""The relay's cursor comes back from its record as it was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orestream.chassis.records import Series
from orestream.chassis.relay.cursor import Cursor, CursorUnreadable

SERIES = st.builds(Series, st.sampled_from(["a.v1", "b.v1", "c"]), st.integers(0, 99))
CURSORS = st.builds(
    Cursor,
    st.integers(1, 2**62),
    st.text("0123456789abcdef", min_size=1, max_size=16),
    st.dictionaries(SERIES, st.integers(1, 2**62)),
)


@given(CURSORS)
def test_a_cursor_is_read_as_it_was_written(cursor: Cursor) -> None:
    assert Cursor.read(cursor.write()) == cursor


@pytest.mark.parametrize(
    "value",
    [None, b"", b"[]", b"{}", b"\xff", b'{"format":1,"position":"x"}', b'{"format":2,"position":1}', b"null"],
)
def test_what_is_no_cursor_is_refused_in_words(value: bytes | None) -> None:
    with pytest.raises(CursorUnreadable):
        Cursor.read(value)
