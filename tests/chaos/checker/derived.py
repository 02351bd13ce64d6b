"""What several checks look at: a service's own records, its decisions, the answers to commands.

Derived once for each evidence, and forgotten with the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tests.chaos.checker.evidence import FACT_TOPICS, OUTCOMES, SERVICES, Evidence, Row
from tests.chaos.checker.records import Record

ANSWERED = "orestream.command.answered.v1"
NOTICE = "orestream.record."
"""How the types of notices on the parked topics begin."""
PARKED = "orestream.record.parked.v1"
RELEASED = "orestream.record.released.v1"
DISCARDED = "orestream.record.discarded.v1"


@dataclass(frozen=True, slots=True)
class Answer:
    """One outcome."""

    record: Record
    service: str
    command_id: str
    command: str
    status: str
    rule: str | None
    repeat: bool
    conflict: bool
    input: str
    """Where its command stands: `topic/partition/offset`."""
    facts: tuple[tuple[str, str, str], ...]
    """Id, type and subject of those that it lists."""
    total: int
    position: int
    """In the outbox; 0 where it has no row there."""

    @property
    def first(self) -> bool:
        """Neither a repeat nor a conflict."""
        return not (self.repeat or self.conflict)

    @property
    def final(self) -> bool:
        """The one answer that counts."""
        return self.first and self.status != "waiting"

    @property
    def same(self) -> tuple[str, str | None, tuple[tuple[str, str, str], ...], int]:
        """What a repeat must say again."""
        return self.status, self.rule, self.facts, self.total


def services(evidence: Evidence) -> tuple[str, ...]:
    """Those whose databases there are."""
    return tuple(service for service in SERVICES if service in evidence.databases)


@lru_cache(maxsize=1)
def own_records(evidence: Evidence) -> Mapping[str, tuple[Record, ...]]:
    """Service → every visible record it wrote, each partition in order; the cursor is not among them."""
    shared = evidence.of(*FACT_TOPICS, OUTCOMES)
    found: dict[str, tuple[Record, ...]] = {}
    for service in services(evidence):
        source = evidence.run.source(service)
        told = [*shared, *evidence.of(evidence.run.parked_topic(service))]
        found[service] = tuple(record for record in told if record.source == source)
    return found


@lru_cache(maxsize=1)
def rows_by_id(evidence: Evidence) -> Mapping[str, Mapping[str, Row]]:
    """Service → `ce_id` → row of its outbox."""
    return {
        service: {row.id: row for row in evidence.databases[service].outbox} for service in services(evidence)
    }


@lru_cache(maxsize=1)
def decisions(evidence: Evidence) -> Mapping[str, tuple[tuple[Row, ...], ...]]:
    """Service → its outbox, cut where decisions end."""
    found: dict[str, tuple[tuple[Row, ...], ...]] = {}
    for service in services(evidence):
        whole: list[tuple[Row, ...]] = []
        open_: list[Row] = []
        for row in evidence.databases[service].outbox:
            open_.append(row)
            if row.decision_end:
                whole.append(tuple(open_))
                open_ = []
        found[service] = (*whole, tuple(open_)) if open_ else tuple(whole)
    return found


@lru_cache(maxsize=1)
def answers(evidence: Evidence) -> tuple[Answer, ...]:
    """Every outcome that can be read; the others are no answers."""
    found = []
    for service in services(evidence):
        source, rows = evidence.run.source(service), rows_by_id(evidence)[service]
        for record in evidence.of(OUTCOMES):
            if record.source == source:
                row = rows.get(record.id)
                answer = _answer(record, service, row.position if row else 0)
                if answer is not None:
                    found.append(answer)
    return tuple(found)


def _answer(record: Record, service: str, position: int) -> Answer | None:
    """None where it cannot be read: its command has no answer then, which the check of answers says."""
    try:
        told = record.content()
        place = told["input"]
        return Answer(
            record,
            service,
            told["command_id"],
            told["command"],
            told["status"],
            told.get("rule"),
            bool(told.get("repeat")),
            bool(told.get("conflict")),
            f"{place['topic']}/{place['partition']}/{place['offset']}",
            tuple((fact["id"], fact["type"], fact["subject"]) for fact in told["facts"]),
            told["facts_total"],
            position,
        )
    except (ValueError, KeyError, TypeError):
        return None


@lru_cache(maxsize=1)
def answers_by_input(evidence: Evidence) -> Mapping[tuple[str, str], tuple[Answer, ...]]:
    """Service and place of a command → what was answered to it."""
    found: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers(evidence):
        found.setdefault((answer.service, answer.input), []).append(answer)
    return {place: tuple(told) for place, told in found.items()}


@lru_cache(maxsize=1)
def commands(evidence: Evidence) -> Mapping[str, tuple[Record, ...]]:
    """Service → what read_committed shows on its command topic."""
    return {
        service: tuple(evidence.of(evidence.run.commands_topic(service))) for service in services(evidence)
    }


def said(record: Record) -> tuple[str, Any]:
    """What a command says, however its JSON is written: its type and content."""
    try:
        return record.type, record.content()
    except ValueError:
        return record.type, record.value
