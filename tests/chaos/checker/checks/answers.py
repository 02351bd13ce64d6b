"""Every command in the log has exactly one final outcome, or waits; nothing else is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.chaos.checker.derived import Answer, answers, answers_by_input, commands, said, services
from tests.chaos.checker.evidence import OUTCOMES, Evidence
from tests.chaos.checker.records import Record
from tests.chaos.checker.verdicts import Findings, Verdict


def one_final_outcome(evidence: Evidence) -> Verdict:
    """The first record of a command id gets it; until then it waits, in the database too."""
    found = Findings("one-final-outcome")
    told = answers_by_input(evidence)
    for service in services(evidence):
        waiting = {f"{w.topic}/{w.partition}/{w.offset}" for w in evidence.databases[service].waiting}
        for command in commands(evidence)[service]:
            found.examined += 1
            _one(service, command, told.get((service, command.at), ()), command.at in waiting, found)
        _finals_of_an_id(evidence, service, found)
    return found.verdict()


def _one(service: str, command: Record, told: Sequence[Answer], waits: bool, found: Findings) -> None:
    name = f"{command.at} ({command.id or 'no id'}, key {command.key_text})"
    finals = [one for one in told if one.final]
    said_waiting = [one for one in told if one.first and one.status == "waiting"]
    again = [one for one in told if not one.first]
    if not told:
        found.add(f"{name}: {service} never answered")
    elif again and len(told) > 1:
        found.add(f"{name}: answered as a repeat or conflict, and {len(told) - 1} times besides")
    elif len(said_waiting) > 1:
        found.add(f"{name}: told {len(said_waiting)} times that it waits")
    elif len(finals) > 1:
        found.add(f"{name}: {len(finals)} final outcomes, at {', '.join(one.record.at for one in finals)}")
    elif said_waiting and bool(finals) == waits:
        found.add(f"{name}: {'decided and still queued' if waits else 'waited, and has no final outcome'}")


def _finals_of_an_id(evidence: Evidence, service: str, found: Findings) -> None:
    """One final a command id, and the answer that the database remembers is the one that was published."""
    finals: dict[str, Answer] = {}
    latest: dict[str, Answer] = {}
    for answer in answers(evidence):
        if answer.service != service or not answer.first:
            continue
        if answer.final:
            first = finals.setdefault(answer.command_id, answer)
            if first is not answer:
                found.add(
                    f"{answer.record.at}: {answer.command_id} has its final outcome at {first.record.at}"
                )
        if answer.final or answer.command_id not in latest:
            latest[answer.command_id] = answer
    _remembered(service, evidence.databases[service].outcomes, latest, found)


def _remembered(
    service: str,
    stored: Mapping[str, tuple[str, str, str]],
    latest: Mapping[str, Answer],
    found: Findings,
) -> None:
    for id_ in sorted(stored.keys() - latest.keys()):
        found.add(f"{service} remembers an answer to {id_}, and none is visible")
    for id_, answer in latest.items():
        if id_ not in stored:
            found.add(f"{answer.record.at}: {service} does not remember its answer to {id_}")
        elif stored[id_][2].encode() != answer.record.value:
            found.add(f"{answer.record.at}: {service} remembers another answer to {id_}")


def nothing_unsent_is_answered(evidence: Evidence) -> Verdict:
    """An outcome names the place of a command that stands there under that id; every outcome can be read."""
    found = Findings("nothing-unsent-is-answered")
    places = {
        service: {record.at: record for record in commands(evidence)[service]}
        for service in services(evidence)
    }
    read = set()
    for answer in answers(evidence):
        found.examined += 1
        read.add(answer.record.at)
        command = places[answer.service].get(answer.input)
        if command is None:
            found.add(f"{answer.record.at}: answers {answer.command_id} at {answer.input}, where nothing is")
        elif answer.command_id not in (command.id, _id_in(command), command.at):
            found.add(f"{answer.record.at}: answers {answer.command_id}; at {answer.input} is {command.id}")
    for record in evidence.of(OUTCOMES):
        if record.at not in read and record.source in map(evidence.run.source, services(evidence)):
            found.add(f"{record.at}: this outcome cannot be read")
    return found.verdict()


def repeats_say_the_same(evidence: Evidence) -> Verdict:
    """A command's bytes again get its outcome again; other content is a conflict (R02); poison is R01."""
    found = Findings("repeats-and-conflicts")
    told = answers_by_input(evidence)
    for service in services(evidence):
        first: dict[str, tuple[Record, Answer | None]] = {}
        outcome = {a.command_id: a for a in answers(evidence) if a.service == service and a.final}
        for command in commands(evidence)[service]:
            for answer in told.get((service, command.at), ()):
                if answer.first:
                    first.setdefault(answer.command_id, (command, outcome.get(answer.command_id)))
        for command in commands(evidence)[service]:
            for answer in told.get((service, command.at), ()):
                found.examined += 1
                _again(command, answer, first.get(answer.command_id), found)
    _poison(evidence, found)
    return found.verdict()


def _again(
    command: Record, answer: Answer, first: tuple[Record, Answer | None] | None, found: Findings
) -> None:
    if answer.first:
        return
    where = f"{answer.record.at}: {answer.command_id}"
    if first is None:
        found.add(f"{where} is called a repeat or conflict of nothing")
        return
    original, outcome = first
    same = original.value == command.value and original.type == command.type
    if answer.repeat and said(original) != said(command):
        found.add(f"{where} is called a repeat of {original.at}, which says something else")
    if answer.conflict and (same or (answer.status, answer.rule) != ("refused", "R02")):
        found.add(f"{where} is called a conflict, {'of the same bytes' if same else 'but not refused R02'}")
    if answer.repeat and answer.status != "waiting" and outcome is not None and outcome.same != answer.same:
        found.add(f"{where} is repeated with another outcome than at {outcome.record.at}")


def _poison(evidence: Evidence, found: Findings) -> None:
    told = answers_by_input(evidence)
    for sent in evidence.history:
        if sent.kind != "poison" or sent.end != "acked":
            continue
        for answer in told.get((sent.service, sent.place), ()):
            found.examined += 1
            if answer.status != "refused" or answer.rule not in ("R01", "R02"):
                found.add(
                    f"{answer.record.at}: poison at {sent.place} is {answer.status} {answer.rule or ''}"
                )


def _id_in(command: Record) -> str | None:
    """The command id in the value, where the header has none that can be read."""
    try:
        content = command.content()
    except (ValueError, RecursionError):
        return None
    return content.get("command_id") if isinstance(content, dict) else None
