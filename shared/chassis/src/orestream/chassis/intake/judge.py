"""Runs the pure part on one message: decide, then fold the facts, in a savepoint of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from orestream.chassis.intake.setup import Setup
from orestream.chassis.intake.view import Behind, Unloaded, View, checked
from orestream.chassis.intake.writer import Cause
from orestream.chassis.store.outbox import Entry
from orestream.contracts.decision import (
    Accepted,
    Asked,
    Decision,
    Domain,
    Happened,
    Incoming,
    Ref,
    Task,
    Waits,
)

_UNSEEN = object()


class Misdecided(TypeError):
    """A decision that its message does not allow: a fault of the domain."""


class Judged(NamedTuple):
    """A decision with all that follows from it, not yet applied to anything."""

    decision: Decision
    facts: Sequence[Happened]
    entries: Sequence[Entry]
    states: Mapping[Ref, Any]
    """What the facts change, as it is afterwards."""
    asked: Collection[Ref]
    """Everything the decision and the folding have read, absences included."""
    task: Task | None = None
    """What the decision leaves for later."""

    @property
    def needs(self) -> frozenset[Ref]:
        """What it waits for; empty where it is decided."""
        return frozenset(self.decision.needs) if isinstance(self.decision, Waits) else frozenset()

    def brings(self, needs: Collection[Ref]) -> bool:
        """True where it happens and changes one of these."""
        return isinstance(self.decision, Accepted) and not self.states.keys().isdisjoint(needs)


class Foreseen(NamedTuple):
    """A decision made ahead, and the very states it was made on."""

    judged: Judged
    seen: Sequence[tuple[Ref, Any]]

    @classmethod
    def of(cls, judged: Judged, states: Mapping[Ref, Any | None]) -> Foreseen:
        """A decision just made on these states."""
        return cls(judged, [(ref, states.get(ref, _UNSEEN)) for ref in judged.asked])

    def holds(self, states: Mapping[Ref, Any | None]) -> bool:
        """True where all it has read is as it was: states never change, so the same object is the same."""
        return all(states.get(ref, _UNSEEN) is state for ref, state in self.seen)


def judge(
    setup: Setup,
    incoming: Incoming,
    cause: Cause,
    states: Mapping[Ref, Any | None],
    blocked: Collection[str],
) -> Judged:
    """Decide and fold.

    Raises:
        Unloaded: something is not loaded; nothing has happened.
        Behind: it reads what is parked.
        TooLarge: more than one decision may publish.
        Exception: whatever a faulty domain raises.
    """
    domain = setup.domain
    view = View(states, blocked)
    decision = view.run(domain.decide, incoming)
    asked = view.asked
    if isinstance(decision, Waits):
        _check_waits(decision, incoming)
        asked.update(decision.needs)
        return Judged(decision, (), (), {}, asked)
    folded: list[Happened] = []
    if isinstance(incoming, Happened):
        if not isinstance(decision, Accepted):
            raise Misdecided(f"{type(incoming.fact).__name__} has happened; it cannot be refused")
        folded.append(incoming)
    facts = setup.writer.happened(cause, decision.facts)
    after = fold(domain, (*folded, *facts), states, blocked)
    asked.update(after)
    task = decision.task if isinstance(decision, Accepted) else None
    return Judged(decision, facts, setup.writer.entries(cause, facts), after, asked, task)


def _check_waits(decision: Waits, incoming: Incoming) -> None:
    if not isinstance(incoming, Asked):
        raise Misdecided(f"{type(incoming.fact).__name__} has happened; it cannot wait")
    if not decision.needs:
        raise Misdecided("a decision waits for nothing")


def fold(
    domain: Domain,
    facts: Sequence[Happened],
    states: Mapping[Ref, Any | None],
    blocked: Collection[str],
) -> dict[Ref, Any]:
    """What these facts change, as it is after all of them.

    Raises:
        Unloaded, Behind: as `judge`.
        Exception: whatever a faulty domain raises.
    """
    after: dict[Ref, Any] = {}
    for happened in facts:
        refs = domain.changes(happened)
        missing = [checked(ref) for ref in refs if ref not in states]
        if missing:
            raise Unloaded(missing)
        for ref in refs:
            if ref.id in blocked:
                raise Behind(ref.id)
            state = after[ref] if ref in after else states[ref]
            after[ref] = domain.evolve(ref, state, happened)
    return after
