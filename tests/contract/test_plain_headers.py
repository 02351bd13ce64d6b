"""Headers read the short way and the long way say the same, and are refused alike."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orestream.contracts import wire
from orestream.contracts.wire import Envelope, Headers, Malformed, headers_of, read_envelope

WHEN = datetime(2025, 9, 3, 8, tzinfo=UTC)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OPTIONAL = st.tuples(
    st.sampled_from([None, 7]), st.sampled_from([None, "c-1"]), st.sampled_from([None, TRACE])
)
ODD = st.sampled_from([b"", b"\x00", b"\xff", b"x" * 1_001, b"LOT-2", b"1.1", b"2025-09-03 08:00", None])


def written(optional: tuple[int | None, str | None, str | None]) -> Headers:
    sequence, causation, trace = optional
    return headers_of(
        Envelope(
            "f-1",
            "/orestream/main/mining",
            "orestream.lot.drawn.v1",
            "LOT-1",
            WHEN,
            "c-1",
            causation,
            sequence,
            trace,
        )
    )


def said(read: object, key: bytes | None, headers: object) -> Envelope | tuple[str, str]:
    """The envelope, or where and why it is refused."""
    try:
        envelope: Envelope = read(key, headers)  # type: ignore[operator]
    except Malformed as error:
        return error.where, error.why
    return envelope


@given(OPTIONAL)
def test_headers_as_services_write_them_are_read_the_short_way(
    optional: tuple[int | None, str | None, str | None],
) -> None:
    headers = written(optional)

    assert wire._read_plain(b"LOT-1", headers) == wire._read_with_care(b"LOT-1", headers)


@pytest.mark.parametrize("name", [name for name, _ in written((7, "c-1", TRACE))])
@pytest.mark.parametrize("odd", [b"", b"?", None])
def test_each_header_with_an_odd_value_is_read_or_refused_as_ever(name: str, odd: bytes | None) -> None:
    headers = tuple((one, odd if one == name else value) for one, value in written((7, "c-1", TRACE)))

    assert said(read_envelope, b"LOT-1", headers) == said(wire._read_with_care, b"LOT-1", headers)


@given(OPTIONAL, st.sampled_from([b"LOT-1", b"LOT-2", b"", None]), st.data())
def test_a_header_changed_moved_or_missing_is_read_or_refused_as_ever(
    optional: tuple[int | None, str | None, str | None], key: bytes | None, data: st.DataObject
) -> None:
    headers: list[tuple[str, bytes | None]] = list(written(optional))
    at = data.draw(st.integers(0, len(headers) - 1))
    match data.draw(st.sampled_from(["as it is", "odd", "gone", "twice", "moved", "more"])):
        case "odd":
            headers[at] = headers[at][0], data.draw(ODD)
        case "gone":
            del headers[at]
        case "twice":
            headers.append(headers[at])
        case "moved":
            headers.append(headers.pop(at))
        case "more":
            headers.insert(at, (data.draw(st.sampled_from(["baggage", "ce_mine"])), b"x"))

    assert said(read_envelope, key, headers) == said(wire._read_with_care, key, tuple(headers))


@pytest.mark.parametrize("length", [900, 1_100])
def test_headers_that_are_long_together_are_read_all_the_same(length: int) -> None:
    headers = tuple(
        (name, b"c" * (length // 2) if name in ("ce_correlationid", "ce_causationid") else value)
        for name, value in written((7, "c-1", TRACE))
    )

    assert read_envelope(b"LOT-1", headers).correlation_id == "c" * (length // 2)
