"""What follows for kin: facts that tell of holds on descendants, each once, in whatever order they come.

A service tells of the lots that were born in it, and, under a hold it has put itself, of all others
it knows, so that every descendant is told of by exactly one service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from orestream.contracts.decision import (
    CHUNK,
    DECISION_BYTES,
    DECISION_FACTS,
    Accepted,
    Happened,
    Ref,
    Task,
    World,
)
from orestream.contracts.lots import LotBlended, LotHeld, LotHoldLifted, LotSplit
from orestream.contracts.message import Fact
from orestream.contracts.mining import LotMined
from orestream.contracts.processing import BatchReleased, LotProduced
from orestream.lots import tasks
from orestream.lots.duties import brought, tells, told
from orestream.lots.evolution import changes, evolve
from orestream.lots.genealogy import walk
from orestream.lots.holdfacts import lifted
from orestream.lots.rules import R04
from orestream.lots.state import HOLD, KIN, Hold, has


class After:
    """A world as it will be once some facts are folded; of lots' kinds alone. Folds what it is asked for."""

    def __init__(self, world: World, service: str, happenings: Iterable[Happened]) -> None:
        self._world = world
        self._service = service
        self._changing: dict[Ref, list[Happened]] = {}
        for happened in happenings:
            for ref in changes(happened, service):
                self._changing.setdefault(ref, []).append(happened)
        _load(world, self._changing)
        self._changed: dict[Ref, Any] = {}

    def get(self, kind: str, id: str) -> Any | None:  # noqa: A002 - as World names it
        """The state of one aggregate after the facts."""
        ref = Ref(kind, id)
        return self._folded(ref) if ref in self._changing else self._world.get(kind, id)

    def get_all(self, kind: str, ids: Iterable[str]) -> Mapping[str, Any]:
        """The states of those that exist after the facts, by id."""
        refs = [Ref(kind, one) for one in ids]
        before = self._world.get_all(kind, [ref.id for ref in refs if ref not in self._changing])
        changed = {ref.id: self._folded(ref) for ref in refs if ref in self._changing}
        return {**before, **{one: state for one, state in changed.items() if state is not None}}

    def _folded(self, ref: Ref) -> Any:
        if ref not in self._changed:
            state = self._world.get(*ref)
            for happened in self._changing[ref]:
                state = evolve(ref, state, happened, self._service)
            self._changed[ref] = state
        return self._changed[ref]


def _load(world: World, refs: Iterable[Ref]) -> None:
    """Asks for all of a kind at once, so that a decision on many lots is not run again for each."""
    by_kind: dict[str, dict[str, None]] = {}
    for ref in refs:
        by_kind.setdefault(ref.kind, {})[ref.id] = None
    for kind, ids in by_kind.items():
        world.get_all(kind, list(ids))


def happenings(service: str, facts: Iterable[Fact], at: datetime) -> tuple[Happened, ...]:
    """A decision's own facts as they will stand once they are folded."""
    source = f"/orestream/-/{service}"
    return tuple(Happened(fact, fact.happened_at or at, source, "", "") for fact in facts)


def accepted(
    world: World,
    service: str,
    facts: Sequence[Fact],
    at: datetime,
    *,
    rule: str | None = None,
    message: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> Accepted:
    """A decision's own facts, and behind them those that follow for newborn and descendant lots.

    Where these are too many for one decision, it is its own facts alone, and a task tells the rest.
    """
    room = DECISION_FACTS - len(facts)
    more = consequences(world, service, happenings(service, facts, at), room)
    if isinstance(more, Task):
        return Accepted(tuple(facts), rule, message, details or {}, more)
    return Accepted((*facts, *more), rule, message, details or {})


def follow(world: World, service: str, happened: Happened, besides: Sequence[Fact] = ()) -> Accepted:
    """What follows from another service's fact: holds and lifts told on, collisions of ids, and `besides`."""
    collision = _collision(world, service, happened)
    both = (happened, *happenings(service, collision, happened.time))
    more = consequences(world, service, both, DECISION_FACTS - len(collision) - len(besides))
    if isinstance(more, Task):
        return Accepted((*collision, *besides), task=more)
    return Accepted((*collision, *more, *besides))


def reached(world: World, happened: Happened) -> Iterator[tuple[Hold, str]]:
    """Each hold with each lot that a fact brings under it, maybe again. `world`: after that fact."""
    for hold, lot_id in brought(world, happened):
        yield hold, lot_id
        yield from ((hold, below) for below in walk(world, lot_id, hold))


def consequences(
    world: World, service: str, happened: Sequence[Happened], room: int
) -> tuple[Fact, ...] | Task:
    """What `service` tells of holds because these facts happened. `world`: before them.

    A task where that is more than `room` facts, or more bytes than one decision may have.
    """
    after = After(world, service, happened)
    facts: list[Fact] = []
    seen: set[tuple[str, str]] = set()
    for one in happened:
        for hold, lot_id in reached(after, one):
            if (hold.id, lot_id) in seen or hold.names(lot_id):
                continue
            seen.add((hold.id, lot_id))
            facts += told(service, hold, lot_id, after.get(KIN, lot_id))
            if len(facts) > room:
                return tasks.spread(_starts(after, happened), _ended(world, happened))
    facts += _lifts(world, after, service, happened)
    if len(facts) > room or _too_large(facts):
        return tasks.spread(_starts(after, happened), _ended(world, happened))
    return tuple(facts)


def _too_large(facts: Sequence[Fact]) -> bool:
    """Whether many facts, alike but for their lots, are more bytes than one decision may have."""
    return (
        len(facts) > CHUNK
        and len(facts) * max(len(fact.write()) for fact in facts[:10]) > DECISION_BYTES // 2
    )


def _starts(after: World, happened: Sequence[Happened]) -> Iterator[tuple[Hold, str]]:
    for one in happened:
        yield from brought(after, one)


def _ended(before: World, happened: Iterable[Happened]) -> list[str]:
    """Holds that these facts end, and that had not ended before."""
    named = [one.fact.hold_id for one in happened if isinstance(one.fact, LotHoldLifted | BatchReleased)]
    holds = before.get_all(HOLD, dict.fromkeys(named))
    return [id_ for id_ in dict.fromkeys(named) if id_ in holds and holds[id_].lifted_at is None]


def _lifts(before: World, after: World, service: str, happened: Sequence[Happened]) -> Iterator[Fact]:
    """For every lot this service has told of, when a hold ends that had not ended before."""
    for hold_id in _ended(before, happened):
        hold: Hold = after.get_all(HOLD, [hold_id])[hold_id]
        kin = after.get_all(KIN, hold.lots)
        for lot_id in hold.lots:
            if not has(hold.freed, lot_id) and tells(service, hold, kin.get(lot_id)):
                yield lifted(hold, lot_id)


def _collision(world: World, service: str, happened: Happened) -> tuple[Fact, ...]:
    """One id for two lots, seen only now (R04): whatever bears it is quarantined."""
    fact = happened.fact
    if not isinstance(fact, LotMined | LotProduced | LotSplit | LotBlended):
        return ()
    kin = world.get(KIN, fact.lot_id)
    if kin is None or kin.birth is None:
        return ()
    reason = (
        f"the id {fact.lot_id} was given twice: to a lot of {kin.service} and to one of {happened.service}"
    )
    return (
        LotHeld(
            lot_id=fact.lot_id,
            hold_id=happened.id,
            kind="quarantine",
            cause=R04,
            root=fact.lot_id,
            reason=reason,
            by=service,
            occurred_at=happened.time,
        ),
    )
