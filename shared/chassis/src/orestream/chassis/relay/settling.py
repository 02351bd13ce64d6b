"""Which outcome the parts of a predecessor's transactions are given that never got their marker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orestream.chassis.records import Series
from orestream.chassis.relay.cursor import Cursor


@dataclass(frozen=True, slots=True)
class Unmarked:
    """What stands on the topics when a relay takes over and finds transactions without their end."""

    cursor: Cursor
    """The last one written; seen or not."""
    cursor_hidden: bool
    """Whether the cursor is itself one of the records without a marker."""
    hidden: Mapping[Series, int]
    """The last own sequence on each partition without a marker, hidden records counted."""
    visible: Mapping[Series, int]
    """The last own sequence that can be seen on each of the other partitions; absent where there is none."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The partitions whose hidden records shall be seen, and those whose shall not; the cursor's left out."""

    commit: frozenset[Series]
    abort: frozenset[Series]
    commit_cursor: bool


def settle(found: Unmarked) -> Settlement:
    """Give each part the outcome that the rest of its transaction has.

    A cursor that can be seen tells: what it counts was committed, what is beyond it was not. One that is
    hidden was committed if everything it counts is there, seen or hidden; the transaction was aborted if some
    of it was taken back. Where nothing of it has a marker, both would be whole, and what is whole is kept.
    """
    counted = found.cursor.sequences
    if not found.cursor_hidden:
        commit = frozenset(place for place, last in found.hidden.items() if last <= counted.get(place, 0))
        return Settlement(commit, frozenset(found.hidden) - commit, commit_cursor=False)
    standing = {**found.visible, **found.hidden}
    whole = all(standing.get(place, 0) == last for place, last in counted.items())
    places, none = frozenset(found.hidden), frozenset[Series]()
    return Settlement(places, none, True) if whole else Settlement(none, places, False)
