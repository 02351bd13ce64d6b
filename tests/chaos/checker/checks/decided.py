"""Decisions: whole or not at all, with the facts that their outcomes name, in the order of the log."""

from __future__ import annotations

from collections.abc import Sequence

from tests.chaos.checker.derived import (
    ANSWERED,
    NOTICE,
    Answer,
    answers,
    commands,
    decisions,
    own_records,
    services,
)
from tests.chaos.checker.evidence import Evidence, Row
from tests.chaos.checker.records import Record
from tests.chaos.checker.verdicts import Findings, Verdict


def decisions_are_whole(evidence: Evidence) -> Verdict:
    """A decision's rows follow one cause in one transaction, and are visible together or not at all."""
    found = Findings("decisions-are-whole")
    for service in services(evidence):
        shown = {record.id for record in own_records(evidence)[service]}
        for rows in decisions(evidence)[service]:
            found.examined += 1
            where = f"{service} rows {rows[0].position}-{rows[-1].position}"
            if len({(row.link, row.previous_link) for row in rows}) > 1:
                found.add(f"{where}: one decision in several transactions")
            if len({row.cause for row in rows}) > 1:
                found.add(f"{where}: one decision of several causes")
            there = [row for row in rows if row.id in shown]
            if there and len(there) < len(rows):
                missing = next(row for row in rows if row.id not in shown)
                found.add(f"{where} (of {rows[0].cause}): torn, {missing.type} {missing.id} is not visible")
    return found.verdict()


def outcomes_have_their_facts(evidence: Evidence) -> Verdict:
    """An outcome lists, or counts, exactly the facts of its decision; a fact names its own command."""
    found = Findings("outcomes-have-their-facts")
    for service in services(evidence):
        told = {a.record.id: a for a in answers(evidence) if a.service == service}
        named = {record.id: record for record in own_records(evidence)[service]}
        for rows in decisions(evidence)[service]:
            facts = [row for row in rows if row.type != ANSWERED and not row.type.startswith(NOTICE)]
            finals = [told[row.id] for row in rows if row.id in told and told[row.id].final]
            for answer in finals:
                found.examined += 1
                _facts_of(answer, facts, named, found)
    return found.verdict()


def _facts_of(answer: Answer, facts: Sequence[Row], named: dict[str, Record], found: Findings) -> None:
    where = f"{answer.record.at}: {answer.command_id}"
    if answer.total != len(facts):
        found.add(f"{where} counts {answer.total} facts, its decision has {len(facts)}")
    if [id_ for id_, _, _ in answer.facts] != [row.id for row in facts[: len(answer.facts)]]:
        found.add(f"{where} lists other facts than its decision has")
    if len(answer.facts) != min(answer.total, 100):
        found.add(f"{where} counts {answer.total} facts and lists {len(answer.facts)}")
    for id_, type_, subject in answer.facts:
        record = named.get(id_)
        if record is None:
            found.add(f"{where} names {type_} {subject} ({id_}), which is nowhere")
        elif (record.type, record.key_text) != (type_, subject):
            found.add(f"{where} names {type_} {subject}, {record.at} is {record.type} {record.key_text}")


def order_per_key(evidence: Evidence) -> Verdict:
    """Commands of a partition are taken in the log's order, those of a key decided in it, save waiting.

    A later command of a key is decided before one that waits only where it is accepted and changes something.
    """
    found = Findings("order-per-key")
    for service in services(evidence):
        told = [a for a in answers(evidence) if a.service == service and a.position]
        _taken_in_order(service, told, found)
        _decided_in_order(evidence, service, told, found)
        for before, after in zip(w := evidence.databases[service].waiting, w[1:], strict=False):
            if before.key == after.key and before.offset >= after.offset:
                found.add(
                    f"{service}: {after.command_id} is queued behind {before.command_id}, sent after it"
                )
    return found.verdict()


def _taken_in_order(service: str, told: Sequence[Answer], found: Findings) -> None:
    """The first that is said to each record of a partition follows the record before."""
    first: dict[tuple[str, int], int] = {}
    for answer in told:
        place, _, offset = answer.input.rpartition("/")
        input_ = place, int(offset)
        first[input_] = min(first.get(input_, answer.position), answer.position)
    last: dict[str, tuple[int, int]] = {}
    for (place, at), position in sorted(first.items()):
        found.examined += 1
        before = last.get(place, (-1, 0))
        if position < before[1]:
            found.add(f"{service}: {place}/{at} was taken in before {place}/{before[0]}")
        last[place] = at, position


def _decided_in_order(evidence: Evidence, service: str, told: Sequence[Answer], found: Findings) -> None:
    finals = {a.input: a for a in told if a.final}
    keys: dict[bytes | None, list[Answer | None]] = {}
    for command in commands(evidence)[service]:
        answer = finals.get(command.at)
        if answer is None or _decodes(answer):
            keys.setdefault(command.key, []).append(answer)
    for queue in keys.values():
        decided = [answer for answer in queue if answer is not None]
        latest = 0
        for answer in decided:
            if answer.position < latest and not (answer.status == "accepted" and answer.total):
                found.add(f"{answer.record.at}: {answer.command_id} was decided before one that came earlier")
            latest = max(latest, answer.position)


def _decodes(answer: Answer) -> bool:
    """False for what was no command; it is answered at once and stands in no lane."""
    return "." not in answer.command and answer.command != "unknown"
