"""Decides one message within a transaction: loads what it asks for, tells parked, faulty and sound apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from orestream.chassis.intake.inbound import CommandIn, FactIn, FactLike
from orestream.chassis.intake.judge import Foreseen, Judged, judge
from orestream.chassis.intake.unit import Unit
from orestream.chassis.intake.view import Behind, Unloaded, checked
from orestream.chassis.intake.writer import TooLarge
from orestream.chassis.store.parking import PARKING
from orestream.contracts.decision import Asked, Incoming, Ref

ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Blocked:
    """It reads an aggregate that is parked."""

    key: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The code fails on it, every time."""

    why: str
    attempts: int = ATTEMPTS


Verdict = Judged | Blocked | Failed


async def decide(unit: Unit, inbound: CommandIn | FactIn, blocked: Collection[str]) -> Verdict:
    """What follows from a message as things stand; nothing is applied yet.

    Catches everything that a domain raises: after three attempts, each in a savepoint of its own, that is
    a verdict too; what would be too large to publish is not tried again. What the database raises passes
    through.
    """
    ahead = unit.foreseen.pop(id(inbound), None)
    if ahead is not None and not unit.careful and PARKING not in unit.changed and ahead.holds(unit.states):
        return ahead.judged
    error: Exception | None = None
    failures = 0
    while failures < ATTEMPTS:
        try:
            judged = judge(unit.setup, _incoming(inbound), inbound.cause, unit.states, blocked)
            if unit.careful:
                _check_states(unit, judged)
        except Unloaded as unloaded:
            missing = unloaded.refs
        except Behind as behind:
            return Blocked(behind.key)
        except TooLarge as raised:
            unit.asked.update(unit.versions)
            return Failed(str(raised), failures + 1)
        except Exception as raised:  # noqa: BLE001 - see the docstring
            error = raised
            failures += 1
            continue
        else:
            return judged
        await unit.load(missing)
    # what it has read is not known; other states might not have made it fail
    unit.asked.update(unit.versions)
    return Failed(f"{type(error).__name__}: {error}")


async def foresee(unit: Unit, inbounds: Sequence[CommandIn | FactIn], blocked: Collection[str]) -> None:
    """Decide many messages ahead, so that what they ask for is loaded in few queries.

    Each sees the states as those before it will leave them, so that a decision made here is seldom made
    again in its turn, however often a batch comes back to one aggregate.

    Catches everything: what fails or is blocked here is looked at again in its turn.
    """
    states = dict(unit.states)
    pending = list(inbounds)
    while pending:
        missing: set[Ref] = set()
        again = []
        for inbound in pending:
            try:
                judged = judge(unit.setup, _incoming(inbound), inbound.cause, states, blocked)
            except Unloaded as unloaded:
                missing.update(unloaded.refs)
                again.append(inbound)
            except Exception:  # noqa: BLE001, S112 - see the docstring
                continue
            else:
                unit.foreseen[id(inbound)] = Foreseen.of(judged, states)
                states.update(judged.states)
        states.update((ref, unit.states[ref]) for ref in await unit.load(missing))
        pending = again


def _check_states(unit: Unit, judged: Judged) -> None:
    """Raises Unwritable."""
    for state in judged.states.values():
        unit.setup.codec.write(state)


def changed(unit: Unit, inbounds: Iterable[FactLike]) -> set[Ref]:
    """What facts change, as far as their domain says so without failing.

    Catches everything: what fails here is looked at again in its turn.
    """
    refs: set[Ref] = set()
    for inbound in inbounds:
        if isinstance(inbound, FactIn):
            try:
                refs.update(map(checked, unit.setup.domain.changes(inbound.happened)))
            except Exception:  # noqa: BLE001, S112 - see the docstring
                continue
    return refs


def _incoming(inbound: CommandIn | FactIn) -> Incoming:
    if isinstance(inbound, FactIn):
        return inbound.happened
    return Asked(inbound.command, inbound.cause.correlation_id)
