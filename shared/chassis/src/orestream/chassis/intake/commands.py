"""A command arrives: known already, decided, or queued in its lane until what it needs is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orestream.chassis.intake import answers
from orestream.chassis.intake.decide import Blocked, Failed, decide
from orestream.chassis.intake.inbound import CommandBroken, CommandIn, CommandLike
from orestream.chassis.intake.judge import Judged
from orestream.chassis.intake.lane import Lane
from orestream.chassis.intake.unit import Unit
from orestream.chassis.intake.writer import Cause
from orestream.chassis.store.answers import Remembered
from orestream.chassis.store.outbox import Entry
from orestream.chassis.store.parking import parked_ref
from orestream.chassis.store.queues import Head, Queued
from orestream.contracts.decision import Accepted, Ref, Refused, Waits
from orestream.contracts.outcome import CommandAnswered

WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Final:
    """A command's decision with its answer, ready to take effect."""

    cause: Cause
    judged: Judged
    answer: CommandAnswered
    entry: Entry


@dataclass(frozen=True, slots=True)
class Needing:
    """A command that cannot be decided yet."""

    needs: frozenset[Ref]
    message: str


async def arrive(unit: Unit, inbound: CommandLike) -> None:
    """Take one command in."""
    command_id = inbound.cause.id
    known = unit.answers.get(command_id)
    if known is not None:
        _answer_again(unit, inbound, known)
    elif isinstance(inbound, CommandBroken):
        refuse_broken(unit, inbound)
    else:
        await _into_lane(unit, inbound)


def refuse_broken(unit: Unit, inbound: CommandBroken) -> None:
    """Answer what cannot be decoded."""
    answer = answers.broken(unit.setup, inbound)
    entry = answers.entry(unit.setup, inbound.cause, answer, 0)
    unit.publish([entry])
    _remember(unit, answer, entry)


async def settle(unit: Unit, inbound: CommandIn) -> Final | Needing:
    """Decide a command as things stand; nothing takes effect yet.

    One that the code fails on is refused: a command cannot be set aside, its sender waits for an answer.
    """
    parked = unit.parking.keys
    if inbound.key in parked:
        return _behind(inbound.key)
    verdict = await decide(unit, inbound, parked)
    if isinstance(verdict, Blocked):
        return _behind(verdict.key)
    if isinstance(verdict, Judged):
        unit.asked.update(verdict.asked)
        if isinstance(verdict.decision, Waits):
            return Needing(verdict.needs, verdict.decision.message)
    return _final(unit, inbound, verdict)


def finish(unit: Unit, final: Final) -> None:
    """A decision takes effect."""
    unit.apply(final.judged, answer=final.entry)
    unit.leave(final.cause, final.judged)
    _remember(unit, final.answer, final.entry)


async def register(unit: Unit, lane: Lane, place: int, needs: Iterable[Ref]) -> None:
    """A queued command waits for rows: their versions rise, so that whoever changes one knows of it."""
    needs = frozenset(needs)
    await unit.load(needs)
    for ref in needs:
        unit.raised.add(ref)
        unit.waiters[ref].add(lane.key)
    unit.needs[lane.key, place] = needs


async def _into_lane(unit: Unit, inbound: CommandIn) -> None:
    """Decide, or queue.

    Where something waits already it queues behind, unless the lane is not ready and this is accepted and
    brings what the head waits for. A ready lane is not overtaken: its head may be decidable by now.
    """
    lane = unit.lanes[inbound.key]
    if lane.head is not None and lane.ready:
        await _queue(unit, lane, inbound, Needing(frozenset(), "behind the commands that wait before it"))
        return
    settled = await settle(unit, inbound)
    if isinstance(settled, Needing):
        await _queue(unit, lane, inbound, settled)
    elif lane.head is None or settled.judged.brings(lane.head.needs):
        finish(unit, settled)
    else:
        await _queue(unit, lane, inbound, Needing(frozenset(), "behind the commands that wait before it"))


async def _queue(unit: Unit, lane: Lane, inbound: CommandIn, needing: Needing) -> None:
    place = lane.take_place()
    named = needing.needs or (lane.head.needs if lane.head else frozenset())
    unit.queued.append(Queued(lane.key, place, inbound.command.command_id, inbound.record))
    await register(unit, lane, place, needing.needs)
    lane.head = lane.head or Head(place, needing.needs)
    answer = answers.waiting(unit.setup, inbound, named, needing.message)
    entry = answers.entry(unit.setup, inbound.cause, answer, WAITING)
    unit.publish([entry])
    _remember(unit, answer, entry)


def _answer_again(unit: Unit, inbound: CommandLike, known: Remembered) -> None:
    """A command id counts once: the same content gets its answer again, other content a refusal."""
    if known.digest == inbound.digest:
        answer = answers.again(known, inbound.record)
        unit.committed.outcomes["repeat", ""] += 1
    else:
        answer = answers.conflicting(unit.setup, inbound)
        unit.committed.outcomes["conflict", answers.REPEATED] += 1
    unit.publish([answers.entry_of_repeat(unit.setup, inbound.cause, answer, inbound.record)])


def _final(unit: Unit, inbound: CommandIn, verdict: Judged | Failed) -> Final:
    """A decision with its answer.

    Catches everything that writing the answer raises: then the answer is that it cannot be given.
    """
    failed = verdict
    if isinstance(verdict, Judged):
        decision = verdict.decision
        assert isinstance(decision, Accepted | Refused), "what waits is not final"
        try:
            answer = answers.decided(unit.setup, inbound, decision, verdict.facts)
            entry = answers.entry(unit.setup, inbound.cause, answer, len(verdict.facts))
        except Exception as error:  # noqa: BLE001 - see the docstring
            failed = Failed(f"{type(error).__name__}: {error}")
        else:
            return Final(inbound.cause, verdict, answer, entry)
    assert isinstance(failed, Failed)
    why = failed.why[:500]
    refusal = Refused(answers.MALFORMED, f"this command cannot be decided: {why}", {"why": why})
    answer = answers.decided(unit.setup, inbound, refusal, ())
    entry = answers.entry(unit.setup, inbound.cause, answer, 0)
    return Final(inbound.cause, Judged(refusal, (), (), {}, ()), answer, entry)


def _behind(key: str) -> Needing:
    return Needing(
        frozenset({parked_ref(key)}), f"{key} is parked; this waits until an operator has seen to it"
    )


def _remember(unit: Unit, answer: CommandAnswered, entry: Entry) -> None:
    unit.committed.outcomes[answer.status, answer.rule or ""] += 1
    assert entry.value is not None, "an answer has words"
    unit.remember(Remembered(answer.command_id, answer.digest, answer.status, entry.value.decode()))
