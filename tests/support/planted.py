"""Things gone wrong, planted one at a time in a copy of a genuine run's evidence.

What is planted on a topic is seen by every reader, and what is planted in a decision stands in the outbox and
the states too, so that the check which is meant to catch it cannot lean on others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.chaos.checker.checks.states import facts_of
from tests.chaos.checker.derived import ANSWERED, Answer, answers, decisions
from tests.chaos.checker.evidence import (
    FACT_TOPICS,
    OUTCOMES,
    THIRD_READER,
    UNCOMMITTED_READER,
    Database,
    Evidence,
    Reading,
    Row,
)
from tests.chaos.checker.fold import fold
from tests.chaos.checker.records import Headers, Record, Series, print_of

Plant = Callable[[Evidence], Evidence]
Edit = Callable[[dict[str, Any]], None]
MINING = FACT_TOPICS[0]


def shown(evidence: Evidence, *records: Record, without: Iterable[Record] = ()) -> Evidence:
    """These are visible to every reader, in the place of what stood there; others are not any more."""
    gone = {record.at for record in without} | {record.at for record in records}
    topics = {name: [r for r in told if r.at not in gone] for name, told in evidence.records.items()}
    for record in records:
        topics[record.topic].append(record)
    told = {name: tuple(sorted(of, key=lambda r: (r.partition, r.offset))) for name, of in topics.items()}
    ends = dict(evidence.ends)
    for record in records:
        ends[record.series] = max(ends[record.series], record.offset + 1)
    readings = {name: _read(name, told, evidence) for name in evidence.readings}
    return evidence.having(records=told, readings=readings, ends=ends)


def _read(reader: str, told: Mapping[str, Sequence[Record]], evidence: Evidence) -> Reading:
    """What a reader sees of these; read_uncommitted sees what was aborted besides."""
    visible = {record.at for of in evidence.records.values() for record in of}
    found: dict[Series, dict[int, bytes]] = {}
    if reader == UNCOMMITTED_READER:
        for series, seen in evidence.readings[reader].items():
            aborted = {at: print_ for at, print_ in seen if f"{series[0]}/{series[1]}/{at}" not in visible}
            found[series] = aborted
    for record in (record for of in told.values() for record in of):
        whole = record.print if reader != THIRD_READER else print_of(record.key, b"", record.value)
        found.setdefault(record.series, {})[record.offset] = whole
    return {series: tuple(sorted(seen.items())) for series, seen in found.items()}


def stored(evidence: Evidence, service: str, **changes: Any) -> Evidence:
    """A service's database says something else."""
    database = replace(evidence.databases[service], **changes)
    return evidence.having(databases={**evidence.databases, service: database})


def database(evidence: Evidence, service: str) -> Database:
    """A service's database."""
    return evidence.databases[service]


def fact(evidence: Evidence, type_: str, nth: int = 0) -> Record:
    """A visible fact of the services at `main`."""
    own = [r for r in evidence.of(*FACT_TOPICS) if r.source.startswith("/orestream/main/")]
    return [record for record in own if record.type == f"orestream.{type_}.v1"][nth]


def service_of(record: Record) -> str:
    """Who wrote it."""
    return record.source.rsplit("/", 1)[-1]


def headed(record: Record, name: str, text: str) -> Headers:
    """Its headers with another text under a name."""
    return tuple((known, text.encode() if known == name else value) for known, value in record.headers)


def at_the_end(evidence: Evidence, record: Record) -> Record:
    """The same at the end of its partition."""
    return record.having(offset=evidence.ends[record.series])


def published(evidence: Evidence, service: str, *records: Record) -> Evidence:
    """Records as if one more decision had been committed and relayed: rows, numbers, cursor and all."""
    base = database(evidence, service)
    position, link = base.head
    sequences, rows = dict(base.sequences), []
    for count, record in enumerate(records, 1):
        sequences[record.series] = sequences.get(record.series, 0) + 1
        sequenced = record.having(headers=headed(record, "ce_sequence", f"{sequences[record.series]:020d}"))
        place = at_the_end(evidence, sequenced)
        evidence = shown(evidence, place)
        last = count == len(records)
        rows.append(row_of(place, position + count, "planted", link, end=last))
    evidence = stored(
        evidence,
        service,
        outbox=(*base.outbox, *rows),
        head=(position + len(rows), "planted"),
        sequences=sequences,
    )
    return cursor_at_head(evidence, service)


def cursor_at_head(evidence: Evidence, service: str) -> Evidence:
    """The relay's last cursor says what the database says."""
    topic = evidence.run.cursor_topic(service)
    last = evidence.records[topic][-1]
    position, link = database(evidence, service).head
    sequences: dict[str, dict[str, int]] = {}
    for (of, partition), sequence in database(evidence, service).sequences.items():
        sequences.setdefault(of, {})[str(partition)] = sequence
    told = {"format": 1, "position": position, "link": link, "sequences": sequences}
    return shown(evidence, last.having(offset=last.offset + 1, value=json.dumps(told).encode()))


def row_of(record: Record, position: int, link: str, previous: str, *, end: bool) -> Row:
    """The outbox row of a record."""
    return Row(
        position,
        link,
        previous,
        end,
        *record.series,
        record.sequence,
        record.key,
        record.print,
        record.id,
        record.type,
        record.cause,
    )


def retold(evidence: Evidence, record: Record, edit: Edit) -> Evidence:
    """A fact that said something else from the start: on its topic, in the outbox, in every state."""
    content = record.content()
    edit(content)
    other = record.having(value=json.dumps(content).encode())
    evidence = shown(evidence, other)
    service = service_of(record)
    rows = tuple(
        replace(row, print=other.print) if row.id == record.id else row
        for row in database(evidence, service).outbox
    )
    return refolded(stored(evidence, service, outbox=rows))


def refolded(evidence: Evidence) -> Evidence:
    """Every state is the fold of what the ledger says now."""
    for service in evidence.databases:
        others = {
            ref: text
            for ref, text in database(evidence, service).aggregates.items()
            if text is None or ref[0] in ("parking", "parked")
        }
        evidence = stored(
            evidence, service, aggregates={**others, **fold(service, facts_of(evidence, service))}
        )
    return evidence


def more(*path: str | int, kg: str = "0.001") -> Edit:
    """A gram more in one place of a fact."""

    def edit(content: Any) -> None:
        for step in path[:-1]:
            content = content[step]
        content[path[-1]] = str(Decimal(content[path[-1]]) + Decimal(kg))

    return edit


def final(evidence: Evidence, service: str, nth: int = 0) -> Answer:
    """A final outcome of a service."""
    return [a for a in answers(evidence) if a.service == service and a.final and a.status == "accepted"][nth]


def answered_otherwise(evidence: Evidence, answer: Answer, **changes: Any) -> Record:
    """An outcome that says something else, under an id of its own."""
    content = {**answer.record.content(), **changes}
    headers = headed(answer.record, "ce_id", "00000000-0000-5000-8000-000000000000")
    return answer.record.having(value=json.dumps(content).encode(), headers=headers)


def restated(evidence: Evidence, answer: Answer, **changes: Any) -> Evidence:
    """An outcome that said something else from the start: visible, in the outbox, and remembered."""
    evidence = retold(evidence, answer.record, lambda content: content.update(changes))
    record = next(r for r in evidence.of(OUTCOMES) if r.at == answer.record.at)
    known = database(evidence, answer.service).outcomes
    digest, status, text = known[answer.command_id]
    if text.encode() == answer.record.value:
        known = {**known, answer.command_id: (digest, status, (record.value or b"").decode())}
    return stored(evidence, answer.service, outcomes=known)


def forgotten(evidence: Evidence, service: str, command_id: str) -> Evidence:
    """A command that was never decided: neither visible nor committed nor remembered."""
    gone = [a.record for a in answers(evidence) if (a.service, a.command_id) == (service, command_id)]
    ids = {record.id for record in gone}
    base = database(evidence, service)
    evidence = shown(evidence, without=gone)
    return stored(
        evidence,
        service,
        outbox=tuple(row for row in base.outbox if row.id not in ids),
        outcomes={id_: known for id_, known in base.outcomes.items() if id_ != command_id},
    )


def rows_changed(evidence: Evidence, service: str, position: int, **changes: Any) -> Evidence:
    """One row of an outbox says something else."""
    base = database(evidence, service)
    rows = tuple(replace(row, **changes) if row.position == position else row for row in base.outbox)
    return stored(evidence, service, outbox=rows)


def reordered(evidence: Evidence, service: str, first: int, then: int) -> Evidence:
    """Two decisions of an outbox, by their place in it, were committed the other way round."""
    told = list(decisions(evidence)[service])
    told[first], told[then] = told[then], told[first]
    rows = [row for rows in told for row in rows]
    return stored(
        evidence, service, outbox=tuple(replace(row, position=at) for at, row in enumerate(rows, 1))
    )


def decision_of(evidence: Evidence, service: str, *, of: Callable[[Row], bool]) -> int:
    """The place of the first decision that has such a row."""
    told = decisions(evidence)[service]
    return next(at for at, rows in enumerate(told) if any(of(row) for row in rows))


def is_fact_and_answer(rows: Sequence[Row]) -> bool:
    """A decision with facts and its outcome."""
    return len(rows) > 1 and rows[-1].type == ANSWERED
