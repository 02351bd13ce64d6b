"""Export as the chassis sees it."""

from dataclasses import replace

from orestream.contracts.decision import Asked, Refused
from orestream.export.app import build
from tests.support.desk import Desk
from tests.support.upstream import START
from tests.support.worlds import MemoryWorld


def test_a_command_of_another_service_is_refused() -> None:
    _, command = Desk().source()
    decision = build().decide(Asked(command, command.command_id), MemoryWorld({}))
    assert isinstance(decision, Refused)
    assert decision.rule == "R01"


def test_the_version_names_both_tables_where_they_are_not_of_one_day() -> None:
    tables = build().tables
    (own,) = tables.own
    later = replace(tables, own=(replace(own, version="2025-10-01"),))
    assert later.at(START).version == "2025-09-01+export-2025-10-01"
