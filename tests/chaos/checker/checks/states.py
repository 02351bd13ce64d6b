"""Each service's state is the fold of the ledger: its own facts, and those of others that it has taken in."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from tests.chaos.checker.derived import ANSWERED, NOTICE, own_records, rows_by_id, services
from tests.chaos.checker.evidence import FACTS_READ, Evidence
from tests.chaos.checker.fold import digest, fold
from tests.chaos.checker.records import Record
from tests.chaos.checker.verdicts import Findings, Verdict

_OF_THE_CHASSIS = ("parking", "parked")
"""Kinds that no fact changes."""


def states_are_the_fold(evidence: Evidence) -> Verdict:
    """Aggregate by aggregate, by hash; placeholders stand for nothing."""
    found = Findings("states-are-the-fold")
    for service in services(evidence):
        folded = fold(service, facts_of(evidence, service))
        stored = {
            ref: text
            for ref, text in evidence.databases[service].aggregates.items()
            if text is not None and ref[0] not in _OF_THE_CHASSIS
        }
        for ref in sorted(folded.keys() | stored.keys()):
            found.examined += 1
            one, other = folded.get(ref), stored.get(ref)
            if one is None or other is None:
                found.add(f"{service} {' '.join(ref)}: only in the {'database' if one is None else 'ledger'}")
            elif one != other and digest(one) != digest(other):
                found.add(f"{service} {' '.join(ref)}: {_short(other)}, the ledger gives {_short(one)}")
    return found.verdict()


def facts_of(evidence: Evidence, service: str) -> Iterator[Record]:
    """What a service has folded: others' facts that it has taken in, then its own as its outbox has them."""
    for topic in FACTS_READ[service]:
        yield from _taken_in(evidence, service, topic)
    rows = rows_by_id(evidence)[service]
    own = [r for r in own_records(evidence)[service] if r.type != ANSWERED and not r.type.startswith(NOTICE)]
    yield from sorted(own, key=lambda record: row.position if (row := rows.get(record.id)) else 0)


def _taken_in(evidence: Evidence, service: str, topic: str) -> Iterator[Record]:
    """Those it is past, each sequence once, without those that are parked or discarded."""
    database = evidence.databases[service]
    aside = {parked.at for parked in database.parked} | _discarded(evidence, service)
    last: dict[tuple[str, str, int], int] = {}
    for record in evidence.of(topic):
        series = (record.source, record.topic, record.partition)
        if record.offset >= database.intake.get(record.series, 0) or record.sequence <= last.get(series, 0):
            continue
        last[series] = record.sequence
        if record.at not in aside:
            yield record


def _discarded(evidence: Evidence, service: str) -> set[str]:
    notices = own_records(evidence)[service]
    return {
        notice.header.get("orestream_input", "")
        for notice in notices
        if notice.type.endswith(".discarded.v1")
    }


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]
