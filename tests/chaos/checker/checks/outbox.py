"""The outbox: positions without gaps, each transaction linked to the one before, up to its head."""

from __future__ import annotations

from tests.chaos.checker.derived import services
from tests.chaos.checker.evidence import Database, Evidence, Row
from tests.chaos.checker.records import Series
from tests.chaos.checker.verdicts import Findings, Verdict


def outbox_is_linked(evidence: Evidence) -> Verdict:
    """Rows that were pruned are at the beginning, and nowhere else."""
    found = Findings("outbox-is-linked")
    for service in services(evidence):
        database = evidence.databases[service]
        found.examined += len(database.outbox)
        _follow(service, database.outbox, found)
        _end(service, database, found)
    return found.verdict()


def _follow(service: str, rows: tuple[Row, ...], found: Findings) -> None:
    last: dict[Series, int] = {}
    before: Row | None = None
    for row in rows:
        where = f"{service} row {row.position}"
        if before is None:
            if row.position == 1 and row.previous_link:
                found.add(f"{where}: the first of all follows the link {row.previous_link}")
        else:
            _step(where, before, row, found)
        if row.series in last and row.sequence != last[row.series] + 1:
            found.add(f"{where}: sequence {row.sequence} of {row.topic}/{row.partition} does not follow")
        last[row.series] = row.sequence
        before = row


def _step(where: str, before: Row, row: Row, found: Findings) -> None:
    if row.position != before.position + 1:
        found.add(f"{where}: the row before it is {before.position}")
    same = row.link == before.link
    if same and row.previous_link != before.previous_link:
        found.add(f"{where}: of one transaction with row {before.position}, but follows another link")
    if not same and row.previous_link != before.link:
        found.add(f"{where}: follows the link {row.previous_link}, the one before is {before.link}")
    if not same and not before.decision_end:
        found.add(f"{where}: its transaction begins within the decision of row {before.position}")


def _end(service: str, database: Database, found: Findings) -> None:
    if not database.outbox:
        return
    last = database.outbox[-1]
    if database.head != (last.position, last.link):
        found.add(f"{service}: the head is {database.head}, the last row is {(last.position, last.link)}")
    if not last.decision_end:
        found.add(f"{service} row {last.position}: the last decision has no end")
