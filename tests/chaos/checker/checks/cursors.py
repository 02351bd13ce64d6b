"""The relay's cursor: only ever forward, never within a decision, and at the head when all is quiet."""

from __future__ import annotations

from typing import Any

from tests.chaos.checker.derived import services
from tests.chaos.checker.evidence import Evidence, Row
from tests.chaos.checker.records import Record
from tests.chaos.checker.verdicts import Findings, Verdict


def cursor_agrees(evidence: Evidence) -> Verdict:
    """Every cursor record names the last row of a decision, with its link; the last one names the head."""
    found = Findings("cursor-agrees-with-head")
    for service in services(evidence):
        topic = evidence.run.cursor_topic(service)
        rows = {row.position: row for row in evidence.databases[service].outbox}
        told: dict[str, Any] = {"position": 0, "link": "", "sequences": {}}
        for record in evidence.of(topic):
            found.examined += 1
            before, told = told, _told(record, found) or told
            if told["position"] < before["position"]:
                found.add(f"{record.at}: goes back from row {before['position']} to {told['position']}")
            _check_row(record, told, rows, found)
        _check_end(evidence, service, told, found)
    return found.verdict()


def _told(record: Record, found: Findings) -> dict[str, Any] | None:
    try:
        told = record.content()
        return {name: told[name] for name in ("position", "link", "sequences")}
    except (ValueError, KeyError, TypeError):
        found.add(f"{record.at}: this is no cursor")
        return None


def _check_row(record: Record, told: dict[str, Any], rows: dict[int, Row], found: Findings) -> None:
    row = rows.get(told["position"])
    if row is None:
        if rows and told["position"] >= min(rows):
            found.add(f"{record.at}: there is no row {told['position']}")
    elif row.link != told["link"]:
        found.add(f"{record.at}: link {told['link']}, row {row.position} has {row.link}")
    elif not row.decision_end:
        found.add(f"{record.at}: row {row.position} is within a decision, which was cut in two")


def _check_end(evidence: Evidence, service: str, told: dict[str, Any], found: Findings) -> None:
    database = evidence.databases[service]
    if (told["position"], told["link"]) != database.head:
        found.add(f"{service}: the cursor is at {told['position']}, the outbox ends at {database.head[0]}")
        return
    published = {
        (topic, int(partition)): last
        for topic, partitions in told["sequences"].items()
        for partition, last in partitions.items()
    }
    if published != dict(database.sequences):
        found.add(f"{service}: the cursor's sequences are not those of the database")
