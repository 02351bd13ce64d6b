"""What follows for kin: facts that tell of holds on descendants, each once, in whatever order they come.

A service tells of the lots that were born in it, and, under a hold it has put itself, of all others
it knows, so that every descendant is told of by exactly one service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from orestream.contracts.decision import Happened, Ref, World
from orestream.contracts.lots import LotBlended, LotHeld, LotHoldLifted, LotSplit
from orestream.contracts.message import Fact
from orestream.contracts.mining import LotMined
from orestream.contracts.processing import BatchProcessed, BatchReleased, LotProduced
from orestream.lots.evolution import changes, evolve
from orestream.lots.genealogy import descendants, holds_on
from orestream.lots.holdfacts import held, lifted
from orestream.lots.rules import R04
from orestream.lots.state import HOLD, KIN, Hold, Kin


class After:
    """A world as it will be once some facts are folded; of lots' kinds alone."""

    def __init__(self, world: World, service: str, happenings: Iterable[Happened]) -> None:
        self._world = world
        self._changed: dict[Ref, Any] = {}
        changed = [(happened, changes(happened, service)) for happened in happenings]
        _load(world, [ref for _, refs in changed for ref in refs])
        for happened, refs in changed:
            for ref in refs:
                self._changed[ref] = evolve(ref, self.get(*ref), happened, service)

    def get(self, kind: str, id: str) -> Any | None:  # noqa: A002 - as World names it
        """The state of one aggregate after the facts."""
        ref = Ref(kind, id)
        return self._changed[ref] if ref in self._changed else self._world.get(kind, id)

    def get_all(self, kind: str, ids: Iterable[str]) -> Mapping[str, Any]:
        """The states of those that exist after the facts, by id."""
        wanted = list(ids)
        before = self._world.get_all(kind, [one for one in wanted if Ref(kind, one) not in self._changed])
        changed = {one: self._changed[Ref(kind, one)] for one in wanted if Ref(kind, one) in self._changed}
        return {**before, **{one: state for one, state in changed.items() if state is not None}}


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


def with_consequences(world: World, service: str, facts: Sequence[Fact], at: datetime) -> tuple[Fact, ...]:
    """A decision's own facts, and behind them those that follow for newborn and descendant lots."""
    return (*facts, *consequences(world, service, happenings(service, facts, at)))


def follow(world: World, service: str, happened: Happened) -> tuple[Fact, ...]:
    """The facts that follow from another service's fact: holds and lifts told on, collisions of ids."""
    collision = _collision(world, service, happened)
    return (
        *collision,
        *consequences(world, service, (happened, *happenings(service, collision, happened.time))),
    )


def reached(world: World, happened: Happened) -> Iterator[tuple[Hold, str]]:
    """Each hold with each lot that a fact brings under it, maybe again. `world`: after that fact."""
    newly: list[tuple[str, Iterable[Hold]]]
    match happened.fact:
        case LotHeld() as fact:
            newly = [(fact.lot_id, world.get_all(HOLD, [fact.hold_id]).values())]
        case LotMined() | LotProduced() | LotSplit() | LotBlended() as born:
            newly = [(born.lot_id, holds_on(world, born.lot_id))]
        case BatchProcessed() as batch:
            newly = [(made.lot_id, holds_on(world, made.lot_id)) for made in batch.outputs]
        case _:
            newly = []
    for lot_id, holds in newly:
        for hold in holds:
            yield hold, lot_id
            yield from ((hold, below) for below in descendants(world, lot_id, hold))


def consequences(world: World, service: str, happened: Sequence[Happened]) -> tuple[Fact, ...]:
    """What `service` tells of holds because these facts happened. `world`: before them."""
    after = After(world, service, happened)
    told: dict[tuple[str, str], tuple[Fact, ...]] = {}
    for one in happened:
        for hold, lot_id in reached(after, one):
            if (hold.id, lot_id) not in told and lot_id not in hold.lots:
                told[hold.id, lot_id] = _told(after, service, hold, lot_id)
    return (*(fact for facts in told.values() for fact in facts), *_lifts(world, after, service, happened))


def tells(service: str, hold: Hold, kin: Kin | None) -> bool:
    """Whether it is this service's to tell of a hold on a lot."""
    return hold.own or (kin is not None and kin.service == service)


def _told(world: World, service: str, hold: Hold, lot_id: str) -> tuple[Fact, ...]:
    kin = world.get(KIN, lot_id)
    if not tells(service, hold, kin):
        return ()
    if hold.lifted_at is None:
        return (held(hold, lot_id),)
    if kin is not None and kin.born_at is not None and hold.lifted_at <= kin.born_at:
        return ()
    return (held(hold, lot_id), lifted(hold, lot_id))


def _lifts(before: World, after: World, service: str, happened: Sequence[Happened]) -> Iterator[Fact]:
    """For every lot this service has told of, when a hold ends that had not ended before."""
    ends = [one.fact for one in happened if isinstance(one.fact, LotHoldLifted | BatchReleased)]
    named = {(end.hold_id, end.lot_id) for end in ends if isinstance(end, LotHoldLifted)}
    for hold_id in dict.fromkeys(end.hold_id for end in ends):
        known: Hold | None = before.get(HOLD, hold_id)
        if known is None or known.lifted_at is not None:
            continue
        hold: Hold = after.get_all(HOLD, [hold_id])[hold_id]
        kin = after.get_all(KIN, known.lots)
        for lot_id in known.lots:
            if (hold_id, lot_id) not in named and tells(service, hold, kin.get(lot_id)):
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
