"""Headers are encoded as a Kafka record holds them, and the sequence goes into its own place alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orestream.chassis.wire_headers import SEQUENCE, Headers, decode, encode
from orestream.contracts.wire import SEQUENCE_DIGITS

NOUGHT = b"0" * SEQUENCE_DIGITS
HEADERS = st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.binary())).map(tuple)


@given(HEADERS, HEADERS, st.integers(1, 2**63 - 1))
def test_what_is_encoded_is_decoded_the_same_with_its_number(
    before: Headers, behind: Headers, sequence: int
) -> None:
    before = tuple(pair for pair in before if pair[0] != SEQUENCE)
    numbered = encode((*before, (SEQUENCE, NOUGHT), *behind)).numbered(sequence)

    assert decode(numbered) == (*before, (SEQUENCE, b"%020d" % sequence), *behind)


def test_a_sequence_is_put_into_its_own_header_alone() -> None:
    whole = encode(((SEQUENCE, NOUGHT),)).before[1:] + NOUGHT
    headers = (
        ("ce_subject", whole),
        (SEQUENCE, NOUGHT),
        ("original_ce_sequence", NOUGHT),
        (SEQUENCE, NOUGHT),
    )

    numbered = decode(encode(headers).numbered(7))

    assert numbered == (headers[0], (SEQUENCE, NOUGHT[:-1] + b"7"), *headers[2:])


@pytest.mark.parametrize("length", [63, 64, 8_191, 8_192, 500_000])
def test_lengths_of_any_size_are_kept(length: int) -> None:
    headers = ((SEQUENCE, NOUGHT), ("long", b"x" * length))
    assert decode(encode(headers).numbered(0)) == headers


def test_headers_without_a_place_for_the_sequence_are_refused() -> None:
    with pytest.raises(ValueError, match="no ce_sequence"):
        encode((("ce_id", b"1"),))
