"""Every command has one final answer, and what an answer names is on the ledger."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from orestream.cli.ledger import Entry, Ledger
from orestream.cli.ledger_checks.verdict import Verdict, Violation, plural
from orestream.contracts.outcome import FACTS_LISTED, CommandAnswered


def check_answers(ledger: Ledger) -> Verdict:
    """Repeats and conflicts are marked and do not count; a fact listed by an answer exists."""
    answers: dict[tuple[str, str], list[Entry[CommandAnswered]]] = defaultdict(list)
    for entry in ledger.of(CommandAnswered):
        if not (entry.message.repeat or entry.message.conflict):
            answers[entry.envelope.source, entry.message.command_id].append(entry)
    final = {key: [e for e in told if e.message.status != "waiting"] for key, told in answers.items()}
    statuses = Counter(e.message.status for told in final.values() for e in told)
    rules = Counter(e.message.rule for told in final.values() for e in told if e.message.rule)
    waiting = sum(not told for told in final.values())
    return Verdict(
        "each command has one answer",
        plural(len(answers), "command"),
        (*_doubled(final), *_missing_facts(ledger, final)),
        (
            ("accepted", str(statuses["accepted"])),
            ("refused", str(statuses["refused"])),
            ("waiting", str(waiting)),
            ("rules", ", ".join(f"{rule} ×{count}" for rule, count in sorted(rules.items())) or "none"),
        ),
    )


def _doubled(final: dict[tuple[str, str], list[Entry[CommandAnswered]]]) -> Iterator[Violation]:
    for (_, command_id), told in final.items():
        for again in told[1:]:
            yield Violation(again.record.at, f"{command_id} is answered at {told[0].record.at} already")


def _missing_facts(
    ledger: Ledger, final: dict[tuple[str, str], list[Entry[CommandAnswered]]]
) -> Iterator[Violation]:
    there = {(envelope.id, envelope.type, envelope.subject) for _, envelope in ledger.envelopes()}
    for told in final.values():
        for entry in told:
            answer = entry.message
            for fact in answer.facts:
                if (fact.id, fact.type, fact.subject) not in there:
                    yield Violation(entry.record.at, f"it names {fact.type} {fact.id}, which is nowhere")
            if min(answer.facts_total, FACTS_LISTED) != len(answer.facts):
                yield Violation(
                    entry.record.at, f"it counts {answer.facts_total} facts, lists {len(answer.facts)}"
                )
