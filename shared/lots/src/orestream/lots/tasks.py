"""Holds told of to more descendants than one decision may name: down the genealogy, a chunk at a time.

A task says where to go on, not what was found: `below` has, for each hold, the lots to be looked at next,
whose children come behind them; `freeing` has, for each hold that has ended, the last lot that was told so.
A lot that any decision has told of meanwhile, such as that of its birth, is passed over. A hold that ends
while it is still being told of is told, to those that are left, together with its end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from orestream.contracts.decision import CHUNK, Continued, Happened, Task, World
from orestream.contracts.lots import LotHeld, LotHoldLifted
from orestream.contracts.message import Fact
from orestream.contracts.processing import BatchReleased
from orestream.lots.duties import brought, tells, told
from orestream.lots.genealogy import passes
from orestream.lots.holdfacts import lifted
from orestream.lots.state import HOLD, KIN, Hold, Kin, has

TELL_OF_HOLDS = "tell-of-holds"
LOOKS = 5_000_000
"""Lots that one task looks at in all: ids given twice can close a genealogy to a ring, without an end."""
LOOKED_AT = 4
"""Times as many lots are looked at in one chunk as it may have facts; not all of them are ours to tell of."""


def spread(starts: Iterable[tuple[Hold, str]], ended: Iterable[str]) -> Task:
    """The task that tells of holds on these lots and all below them, and of the end of others."""
    below: dict[str, list[str]] = {}
    for hold, lot_id in starts:
        below.setdefault(hold.id, []).append(lot_id)
    return Task(TELL_OF_HOLDS, {"below": below, "freeing": dict.fromkeys(ended, ""), "looks": LOOKS})


def go_on(task: Task, world: World, service: str, most: int) -> Continued:
    """The next facts, at most so many (2 or more), and where to go on after them."""
    chunk = _Chunk(world, service, most)
    below: dict[str, list[str]] = {}
    for hold_id, lots in task.payload["below"].items():
        left = chunk.down(hold_id, lots)
        if left:
            below[hold_id] = left
    freeing: dict[str, str] = {}
    for hold_id, after in task.payload["freeing"].items():
        last = chunk.free(hold_id, after)
        if last is not None:
            freeing[hold_id] = last
    looks = task.payload["looks"] - chunk.looked_at
    if looks <= 0 or not (below or freeing):
        return Continued(tuple(chunk.facts))
    return Continued(
        tuple(chunk.facts), Task(task.kind, {"below": below, "freeing": freeing, "looks": looks})
    )


def unfinished(happened: Happened, world: World, service: str) -> Task | None:
    """What a fact leaves to be told, all of it being folded; None where nothing is left."""
    fact = happened.fact
    if isinstance(fact, LotHeld | LotHoldLifted) and happened.service == service and fact.lot_id != fact.root:
        return None  # itself a consequence: the fact it follows from is asked
    ended = [fact.hold_id] if isinstance(fact, LotHoldLifted | BatchReleased) else []
    task: Task | None = spread(brought(world, happened), ended)
    probe = task
    while probe is not None:
        continued = go_on(probe, world, service, CHUNK)
        if continued.facts:
            return task
        probe = continued.rest
    return None


class _Chunk:
    """The facts of one decision, while they are found."""

    def __init__(self, world: World, service: str, most: int) -> None:
        self._world = world
        self._service = service
        self._most = most
        self._looks = LOOKED_AT * most
        self.looked_at = 0
        self.facts: list[Fact] = []

    def down(self, hold_id: str, lots: list[str]) -> list[str]:
        """Tell of a hold on these lots and those below them; the lots that come next."""
        hold: Hold | None = self._world.get(HOLD, hold_id)
        assert hold is not None, "a hold that is told of is known"
        seen: set[str] = set()
        while lots and (room := self._room(each=1 if hold.lifted_at is None else 2)):
            now, later = lots[:room], dict.fromkeys(lots[room:])
            self._look(len(now))
            seen.update(now)
            kin: dict[str, Kin] = dict(self._world.get_all(KIN, now))
            for lot_id in now:
                for child in self._look_at(hold, lot_id, kin.get(lot_id)):
                    if child not in seen:
                        later[child] = None
            lots = list(later)
        return lots

    def free(self, hold_id: str, after: str) -> str | None:
        """Tell of a hold's end to the lots behind one; the last one told, or None where all are."""
        hold: Hold | None = self._world.get(HOLD, hold_id)
        assert hold is not None, "a hold that has ended is known"
        while room := self._room(each=1):
            begin = bisect_right(hold.lots, after)
            now = hold.lots[begin : begin + room]
            if not now:
                return None
            self._look(len(now))
            kin: Any = self._world.get_all(KIN, now)
            for lot_id in now:
                if not has(hold.freed, lot_id) and tells(self._service, hold, kin.get(lot_id)):
                    self.facts.append(lifted(hold, lot_id))
            after = now[-1]
        return after

    def _look_at(self, hold: Hold, lot_id: str, kin: Kin | None) -> tuple[str, ...]:
        """Tell of the hold on one lot, unless that is done; its children."""
        if not hold.names(lot_id):
            if kin is not None and not passes(hold, kin):
                return ()
            self.facts += told(self._service, hold, lot_id, kin)
        return kin.children if kin is not None else ()

    def _look(self, lots: int) -> None:
        self._looks -= lots
        self.looked_at += lots

    def _room(self, *, each: int) -> int:
        """How many more lots may be looked at, each of which may give so many facts."""
        return max(0, min((self._most - len(self.facts)) // each, self._looks))
