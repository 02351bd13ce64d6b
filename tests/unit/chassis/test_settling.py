"""What has no marker gets the outcome of the rest of its transaction; two looks notice that it has none."""

import pytest

from orestream.chassis.records import Series
from orestream.chassis.relay.confirming import Confirming
from orestream.chassis.relay.cursor import START, Cursor
from orestream.chassis.relay.settling import Settlement, Unmarked, settle

A, B, C = Series("facts", 0), Series("facts", 1), Series("outcomes", 0)
CURSOR = Cursor(position=9, link="l", sequences={A: 4, B: 3})
NONE: frozenset[Series] = frozenset()


@pytest.mark.parametrize(
    ("hidden", "commit", "abort"),
    [
        ({A: 4}, {A}, NONE),
        ({A: 4, B: 3}, {A, B}, NONE),
        ({A: 5}, NONE, {A}),
        ({C: 1}, NONE, {C}),
        ({A: 4, B: 5}, {A}, {B}),
    ],
)
def test_a_cursor_that_can_be_seen_tells_what_was_committed(
    hidden: dict[Series, int], commit: frozenset[Series], abort: frozenset[Series]
) -> None:
    found = Unmarked(CURSOR, cursor_hidden=False, hidden=hidden, visible={})
    assert settle(found) == Settlement(frozenset(commit), frozenset(abort), commit_cursor=False)


@pytest.mark.parametrize(
    ("hidden", "visible", "kept"),
    [
        ({}, {A: 4, B: 3}, True),
        ({A: 4}, {B: 3}, True),
        ({A: 4, B: 3}, {}, True),
        ({}, {A: 4, B: 2}, False),
        ({A: 4}, {B: 2}, False),
        ({A: 3}, {B: 3}, False),
        ({A: 4}, {}, False),
    ],
)
def test_a_hidden_cursor_is_kept_where_everything_it_counts_is_there(
    hidden: dict[Series, int], visible: dict[Series, int], kept: bool
) -> None:
    settlement = settle(Unmarked(CURSOR, cursor_hidden=True, hidden=hidden, visible=visible))
    places = frozenset(hidden)
    assert settlement == Settlement(places if kept else NONE, NONE if kept else places, commit_cursor=kept)


def test_without_any_cursor_nothing_was_committed() -> None:
    found = Unmarked(START, cursor_hidden=False, hidden={A: 1}, visible={})
    assert settle(found).abort == {A}


def test_a_transaction_that_is_open_at_one_look_only_misses_nothing() -> None:
    confirming = Confirming(begun=1, ended=1)
    assert confirming.judge({A: 10}, ended=1) == []
    assert confirming.judge({}, ended=1) == []
    assert not confirming.needed


def test_a_transaction_that_has_ended_and_is_open_at_two_looks_misses_its_marker() -> None:
    confirming = Confirming(begun=1, ended=1)
    assert confirming.judge({A: 10, B: 7}, ended=1) == []
    assert confirming.judge({A: 10, B: 9}, ended=1) == [A]


def test_one_long_transaction_misses_nothing() -> None:
    confirming = Confirming(begun=1, ended=0)
    assert confirming.judge({A: 10}, ended=0) == []
    assert confirming.judge({A: 10}, ended=0) == []
    assert confirming.needed


def test_transactions_that_follow_do_not_hide_one_without_its_marker() -> None:
    confirming = Confirming(begun=1, ended=1)
    assert confirming.judge({A: 10}, ended=1) == []
    confirming.begun = 7
    assert confirming.judge({A: 10, B: 50}, ended=6) == [A]


def test_a_look_is_needed_once_after_a_transaction() -> None:
    confirming = Confirming()
    assert not confirming.needed
    confirming.begun = confirming.ended = 1
    assert confirming.needed
    confirming.judge({}, ended=0)
    assert confirming.needed, "the look was before the end"
    confirming.judge({}, ended=1)
    assert not confirming.needed
