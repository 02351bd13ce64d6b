"""What is parked was told, is still there or was released, and nothing of its key happened meanwhile."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.chaos.checker.derived import (
    ANSWERED,
    NOTICE,
    PARKED,
    RELEASED,
    decisions,
    own_records,
    services,
)
from tests.chaos.checker.evidence import FACTS_READ, Evidence, Row
from tests.chaos.checker.records import Record, Series
from tests.chaos.checker.verdicts import Findings, Verdict

PARKING = ("parking", "keys")


def parked_is_told(evidence: Evidence) -> Verdict:
    """Notices, the table and the row that every decision reads agree; what is parked came from a topic."""
    found = Findings("parked-is-told")
    for service in services(evidence):
        database = evidence.databases[service]
        last: dict[str, Record] = {}
        for notice in _notices(evidence, service):
            found.examined += 1
            last[notice.header.get("orestream_input", "")] = notice
        still = {at for at, notice in last.items() if notice.type == PARKED}
        there = {parked.at for parked in database.parked}
        for at in sorted(still ^ there):
            found.add(f"{service}: {at} is parked {'by its notice' if at in still else 'in the table'} only")
        _counted(evidence, service, found)
        _lost(evidence, service, {*last}, found)
    return found.verdict()


def _notices(evidence: Evidence, service: str) -> list[Record]:
    """Of one key in order: a key has one partition."""
    own = own_records(evidence)[service]
    return [record for record in own if record.type.startswith(NOTICE)]


def _counted(evidence: Evidence, service: str, found: Findings) -> None:
    database = evidence.databases[service]
    keys: dict[str, int] = {}
    for parked in database.parked:
        keys[parked.key] = keys.get(parked.key, 0) + 1
    told = json.loads(database.aggregates.get(PARKING) or "{}").get("keys", {})
    if told != keys:
        found.add(f"{service}: the row of parked keys says {told}, the table {keys}")


def _lost(evidence: Evidence, service: str, told: set[str], found: Findings) -> None:
    """A fact that does not so much as decode is told of, once the service is past it; a repeat is dropped."""
    known = {record.type for own in own_records(evidence).values() for record in own}
    last: dict[tuple[str, Series], int] = {}
    for topic in FACTS_READ[service]:
        for record in evidence.of(topic):
            of = record.source, record.series
            repeat = 0 < record.sequence <= last.get(of, 0)
            last[of] = max(last.get(of, 0), record.sequence)
            passed = record.offset < evidence.databases[service].intake.get(record.series, 0)
            if passed and not repeat and not _readable(record, known):
                found.examined += 1
                if record.at not in told:
                    found.add(f"{record.at}: cannot be read, and {service} has not parked it")


def _readable(record: Record, known: set[str]) -> bool:
    """Whether it has a source and a sequence, and is JSON where its type is one that the services write."""
    if not (record.source and record.id and record.sequence):
        return False
    if record.type and record.type not in known:
        return True
    try:
        content = record.content()
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict)


def parked_keys_stand_still(evidence: Evidence) -> Verdict:
    """Between parking and release the service writes no fact about the key; what is released comes after."""
    found = Findings("parked-keys-stand-still")
    for service in services(evidence):
        notices = {record.id: record for record in _notices(evidence, service)}
        if notices:
            _walk(service, decisions(evidence)[service], notices, found)
    return found.verdict()


def _walk(
    service: str, told: tuple[tuple[Row, ...], ...], notices: Mapping[str, Record], found: Findings
) -> None:
    aside: dict[str, dict[str, str]] = {}
    """Key → place → id of the fact set aside."""
    released: set[str] = set()
    for row in (row for rows in told for row in rows):
        notice = notices.get(row.id)
        if notice is not None:
            found.examined += 1
            _note(notice, aside, released)
        elif aside and row.type != ANSWERED and not row.type.startswith(NOTICE):
            key = (row.key or b"").decode("utf-8", "backslashreplace")
            where = f"{service} row {row.position}: {row.type} of {key}"
            if any(row.cause in places.values() for places in aside.values()):
                found.add(f"{where} follows from {row.cause}, which was still parked")
            elif key in aside and row.cause not in released:
                found.add(f"{where}, which was parked")


def _note(notice: Record, aside: dict[str, dict[str, str]], released: set[str]) -> None:
    """Parked, or free again. What a released record causes may be about a key that is still parked."""
    header = notice.header
    key, at = header.get("ce_subject", ""), header.get("orestream_input", "")
    if notice.type == PARKED:
        aside.setdefault(key, {})[at] = notice.cause
        return
    aside.get(key, {}).pop(at, None)
    if not aside.get(key):
        aside.pop(key, None)
    if notice.type == RELEASED:
        released.add(notice.cause)
