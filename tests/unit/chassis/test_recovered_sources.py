"""Whose sequences recovery asks the database for."""

from __future__ import annotations

from orestream.chassis.records import Fetched
from orestream.chassis.recovery.recover import counted
from orestream.chassis.store.received import Source


def told_by(source: bytes) -> Fetched:
    return Fetched("lots", 0, 0, b"LOT-1", (("ce_source", source),), b"{}", 0)


def test_a_poisoned_source_that_no_database_can_hold_is_not_asked_for() -> None:
    poison, genuine = told_by(b"/orestream/main\x00/cli"), told_by(b"/orestream/main/cli")
    assert counted([poison, genuine]) == {Source("/orestream/main/cli", "lots", 0)}
