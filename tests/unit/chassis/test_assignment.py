"""Only what was fetched after the last assignment or seek of its partition may be taken."""

from types import SimpleNamespace
from typing import cast

from orestream.chassis.kafka.assignment import Assignment, Polled
from orestream.chassis.records import Series

A, B = Series("lots", 0), Series("lots", 1)


def record(series: Series, offset: int) -> Polled:
    return cast(
        "Polled",
        SimpleNamespace(
            topic=series.topic,
            partition=series.partition,
            offset=offset,
            key=b"k",
            headers=[("h", b"v")],
            value=b"v",
            timestamp=1,
        ),
    )


def settled(**expected: int) -> Assignment:
    assignment = Assignment()
    series = {"a": A, "b": B}
    assignment.change(series[name] for name in expected)
    for name, at in expected.items():
        assignment.settle(series[name], at)
    return assignment


def offsets(assignment: Assignment, generation: int, *records: Polled) -> list[tuple[int, int]]:
    admitted = assignment.admit(records, generation)
    return [(one.partition, one.offset) for one in admitted.records]


def test_what_was_fetched_since_is_taken() -> None:
    assignment = settled(a=5)
    assert offsets(assignment, assignment.generation, record(A, 5), record(A, 6)) == [(0, 5), (0, 6)]


def test_a_batch_fetched_before_a_rebalance_is_dropped() -> None:
    assignment = settled(a=5)
    fetched_at = assignment.generation
    assignment.revoke([A])
    assignment.change([A])
    assignment.settle(A, 5)
    assert offsets(assignment, fetched_at, record(A, 5)) == []


def test_a_batch_fetched_before_a_seek_is_dropped() -> None:
    assignment = settled(a=5)
    fetched_at = assignment.generation
    assignment.change([A])
    assignment.settle(A, 3)
    assert offsets(assignment, fetched_at, record(A, 5)) == []


def test_another_partitions_seek_drops_nothing_of_this_one() -> None:
    assignment = settled(a=5, b=7)
    fetched_at = assignment.generation
    assignment.change([A])
    assert offsets(assignment, fetched_at, record(A, 5), record(B, 7)) == [(1, 7)]


def test_nothing_is_taken_of_a_partition_whose_offset_is_not_known_yet() -> None:
    assignment = Assignment()
    assignment.change([A])
    assert offsets(assignment, assignment.generation, record(A, 0)) == []


def test_nothing_is_taken_of_a_partition_that_is_gone() -> None:
    assignment = settled(a=5)
    assignment.revoke([A])
    assert offsets(assignment, assignment.generation, record(A, 5)) == []


def test_records_below_the_expected_offset_are_trimmed() -> None:
    assignment = settled(a=5)
    admitted = assignment.admit([record(A, 4), record(A, 5)], assignment.generation)
    assert [one.offset for one in admitted.records] == [5]
    assert (admitted.stale, admitted.trimmed) == (0, 1)


def test_offsets_may_have_holes_where_markers_and_aborted_records_stood() -> None:
    assignment = settled(a=5)
    assert offsets(assignment, assignment.generation, record(A, 7), record(A, 11)) == [(0, 7), (0, 11)]


def test_a_commit_moves_what_has_not_changed_meanwhile() -> None:
    assignment = settled(a=5, b=7)
    admitted = assignment.admit([record(A, 5), record(B, 7)], assignment.generation)
    assignment.change([B])
    assignment.moved(admitted.since, {A: 6, B: 8})
    assert assignment.expected() == {A: 6}
    assert not assignment.settled()
