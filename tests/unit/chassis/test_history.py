"""Outbox, cursor and topics must tell one history, or nothing more is published."""

import pytest

from orestream.chassis.errors import HistoryDiverged
from orestream.chassis.records import Series
from orestream.chassis.relay.cursor import START, Cursor
from orestream.chassis.relay.history import check_head, check_visible, follow
from orestream.chassis.store.outbox import Head
from orestream.chassis.store.outbox_row import OutboxRow
from tests.support.memory_outbox import MemoryOutbox

LOTS, ANSWERS = Series("lots.v1", 0), Series("outcomes.v1", 3)


def outbox(transactions: int = 3) -> list[OutboxRow]:
    """Transactions of two decisions each: a fact with its answer, and an answer alone."""
    written = MemoryOutbox()
    for _ in range(transactions):
        written.commit([(LOTS, b"k", b"v"), (ANSWERS, b"k", b"v")], [(ANSWERS, b"k", b"v")])
    return written.rows


def test_rows_that_follow_move_the_cursor() -> None:
    rows = outbox()
    cursor = follow(START, rows)
    assert cursor == Cursor(9, rows[-1].link, {LOTS: 3, ANSWERS: 6})


def test_rows_follow_in_any_portions() -> None:
    rows = outbox()
    for split in range(len(rows) + 1):
        assert follow(follow(START, rows[:split]), rows[split:]) == follow(START, rows)


def test_a_missing_row_is_another_history() -> None:
    rows = outbox()
    with pytest.raises(HistoryDiverged, match="row 2 is missing"):
        follow(START, [rows[0], *rows[2:]])


def test_a_link_that_does_not_follow_is_another_history() -> None:
    rows, others = outbox(), outbox()
    cursor = follow(START, rows[:3])
    with pytest.raises(HistoryDiverged, match="follows the link"):
        follow(cursor, others[3:])


def test_a_sequence_that_does_not_follow_is_another_history() -> None:
    rows = outbox()
    with pytest.raises(HistoryDiverged, match="has sequence 9"):
        follow(START, [rows[0], rows[1]._replace(sequence=9)])


def test_an_outbox_that_ends_before_the_cursor_is_another_history() -> None:
    with pytest.raises(HistoryDiverged, match="row 5 is published, but the outbox ends at 4"):
        check_head(Cursor(5, "a"), Head(4, "a"))


def test_an_outbox_that_ends_at_the_cursor_with_another_link_is_another_history() -> None:
    with pytest.raises(HistoryDiverged, match="link"):
        check_head(Cursor(5, "a"), Head(5, "b"))


def test_an_empty_outbox_fits_the_first_cursor() -> None:
    check_head(START, Head(0, ""))
    check_head(Cursor(5, "a"), Head(7, "b"))


def test_visible_records_that_the_cursor_does_not_know_are_another_history() -> None:
    with pytest.raises(HistoryDiverged, match="has sequence 4, the cursor says 3"):
        check_visible(Cursor(3, "a", {LOTS: 3}), {LOTS: 4}, frozenset())


def test_records_without_any_cursor_are_another_history() -> None:
    with pytest.raises(HistoryDiverged, match="has sequence 1, the cursor says 0"):
        check_visible(START, {LOTS: 1}, frozenset())


def test_records_that_are_gone_are_another_history() -> None:
    with pytest.raises(HistoryDiverged, match="has sequence 0, the cursor says 3"):
        check_visible(Cursor(3, "a", {LOTS: 3}), {}, frozenset())


def test_what_an_open_transaction_hides_is_not_yet_certain() -> None:
    cursor = Cursor(3, "a", {LOTS: 3, ANSWERS: 1})
    assert check_visible(cursor, {LOTS: 3, ANSWERS: 1}, frozenset({LOTS}))
    assert not check_visible(cursor, {LOTS: 2, ANSWERS: 1}, frozenset({LOTS}))
    with pytest.raises(HistoryDiverged):
        check_visible(cursor, {LOTS: 4, ANSWERS: 1}, frozenset({LOTS}))
