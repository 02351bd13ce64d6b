"""Outcomes: the one final answer to every command, and what is said before and after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from orestream.chassis.intake.inbound import CommandBroken, CommandIn, CommandLike
from orestream.chassis.intake.setup import Setup
from orestream.chassis.intake.writer import Cause, TooLarge
from orestream.chassis.records import Fetched
from orestream.chassis.store.answers import Remembered
from orestream.chassis.store.outbox import Entry
from orestream.contracts.decision import Accepted, Happened, Ref, Refused
from orestream.contracts.outcome import FACTS_LISTED, CausedFact, CommandAnswered, InputPlace
from orestream.contracts.wire import fact_id

MALFORMED = "R01"
REPEATED = "R02"
WAITED_TOO_LONG = "R04"
NO_RULES = "none"
"""Instead of a rule table's version, where none covers the time."""
NAMED = 100
"""Of what is waited for, an answer names so many, and the count."""
MESSAGE_LENGTH = 2_000


def decided(
    setup: Setup, inbound: CommandIn, decision: Accepted | Refused, facts: Sequence[Happened]
) -> CommandAnswered:
    """The final answer that a decision gives."""
    listed = tuple(
        CausedFact(type=one.fact.TYPE, subject=one.fact.key, id=one.id) for one in facts[:FACTS_LISTED]
    )
    return CommandAnswered(
        command_id=inbound.command.command_id,
        command=type(inbound.command).__name__,
        service=setup.domain.service,
        status="accepted" if isinstance(decision, Accepted) else "refused",
        rule=decision.rule,
        message=decision.message,
        details=dict(decision.details) or None,
        facts=listed,
        facts_total=len(facts),
        more_facts=True if isinstance(decision, Accepted) and decision.task is not None else None,
        input=_place(inbound.record),
        digest=inbound.digest,
        rules_version=_rules_version(setup, inbound.command.occurred_at),
    )


def broken(setup: Setup, inbound: CommandBroken) -> CommandAnswered:
    """What cannot be decoded is refused, naming the field."""
    return CommandAnswered(
        command_id=inbound.cause.id,
        command=inbound.type,
        service=setup.domain.service,
        status="refused",
        rule=MALFORMED,
        message=str(inbound.error),
        details={"field": inbound.error.where, "why": inbound.error.why},
        input=_place(inbound.record),
        digest=inbound.digest,
        rules_version=_rules_version(setup, inbound.cause.time),
    )


def waiting(setup: Setup, inbound: CommandIn, needs: Iterable[Ref], message: str) -> CommandAnswered:
    """Not decided yet, for want of what it names; always short enough to be published."""
    needs = frozenset(needs)
    if len(needs) > NAMED:
        message = f"{len(needs)} are missing: {message}"
    return CommandAnswered(
        command_id=inbound.command.command_id,
        command=type(inbound.command).__name__,
        service=setup.domain.service,
        status="waiting",
        message=message[:MESSAGE_LENGTH],
        waits_for=named(needs),
        input=_place(inbound.record),
        digest=inbound.digest,
        rules_version=_rules_version(setup, inbound.command.occurred_at),
    )


def named(needs: Iterable[Ref]) -> tuple[str, ...]:
    """What is waited for, in words; the first of many."""
    return tuple(f"{ref.kind} {ref.id}" for ref in sorted(needs)[:NAMED])


def again(known: Remembered, record: Fetched) -> CommandAnswered:
    """The same command once more: its answer once more."""
    first = CommandAnswered.model_validate_json(known.answer)
    return first.model_copy(update={"repeat": True, "input": _place(record)})


def conflicting(setup: Setup, inbound: CommandLike) -> CommandAnswered:
    """Other content under an id that is taken; it never replaces the first."""
    return CommandAnswered(
        command_id=inbound.cause.id,
        command=type(inbound.command).__name__ if isinstance(inbound, CommandIn) else inbound.type,
        service=setup.domain.service,
        status="refused",
        rule=REPEATED,
        message="this command id was used before with other content",
        input=_place(inbound.record),
        digest=inbound.digest,
        rules_version=_rules_version(setup, inbound.cause.time),
        conflict=True,
    )


def entry(setup: Setup, cause: Cause, answer: CommandAnswered, index: int | str) -> Entry:
    """The record of an answer that follows from its command."""
    return _entry(setup, cause, answer, cause.id, index)


def entry_of_repeat(setup: Setup, cause: Cause, answer: CommandAnswered, record: Fetched) -> Entry:
    """The record of an answer to a repeat, told apart by the place of the repeat.

    It is a little longer than the first one; where that is too long to be published it goes without details.
    """
    try:
        return _entry(setup, cause, answer, record.at, 0)
    except TooLarge:
        brief = answer.model_copy(update={"details": None, "waits_for": None})
        return _entry(setup, cause, brief, record.at, 0)


def _entry(setup: Setup, cause: Cause, answer: CommandAnswered, id_: str, index: int | str) -> Entry:
    writer = setup.writer
    id_of_answer = fact_id(writer.source, cause.source, id_, index)
    happened = Happened(answer, cause.time, writer.source, id_of_answer, cause.correlation_id)
    return writer.entry(cause, happened)


def _rules_version(setup: Setup, at: datetime) -> str:
    """The rule table in force at that time.

    Catches everything: even a command of a time that no table covers must get an answer.
    """
    try:
        return setup.domain.rules_version(at)
    except Exception:  # noqa: BLE001 - see the docstring
        return NO_RULES


def _place(record: Fetched) -> InputPlace:
    return InputPlace(topic=record.topic, partition=record.partition, offset=record.offset)
