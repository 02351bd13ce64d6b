"""Parking: a fact that fails, what queues behind it, and the operator's wishes racing what still arrives.

Modelled as the code does it (`intake/facts.py`, `intake/parking.py`, `intake/release.py`, `store/parked.py`):
every decision reads the one row that tells what is parked, and its commit proves that this row is as it was;
an operator's wish is written at any time and raises no version.

Assumed: the fact that fails does so until its cause is mended; the operator wishes again while it is parked.
Not modelled: the breaker, commands that wait for a parked key (they wait as in `lanes.py`), notices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tests.model.search import Move

TAKE = ""


class Fact(NamedTuple):
    key: str
    reads: str
    bad: bool = False


FACTS = (Fact("K", "K", bad=True), Fact("G", "K"), Fact("K", "G"), Fact("K", "H"))
"""The second reads what is parked, the third is parked with its key and reads what queues behind it."""


class Parked(NamedTuple):
    fact: int
    behind: str | None
    wish: str = ""


class Work(NamedTuple):
    """A transaction that has read: a batch's, or the release of a key."""

    key: str
    at: int
    parked: tuple[Parked, ...]
    dirty: bool = False


class State(NamedTuple):
    next: int = 0
    parked: tuple[Parked, ...] = ()
    settled: tuple[int, ...] = ()
    """Facts in the order in which they took effect or were discarded."""
    mended: bool = False
    works: tuple[Work, ...] = ()


@dataclass(frozen=True, slots=True)
class Parking:
    """`without` names the protection that is missing: see `catalogue.py`."""

    without: str = ""

    def starts(self) -> Iterable[State]:
        yield State()

    def ended(self, s: State) -> bool:
        return len(set(s.settled)) == len(FACTS) and not s.parked

    def wrong(self, s: State) -> str | None:
        if len(set(s.settled)) < len(s.settled):
            return f"duplicate: {list(s.settled)} took effect"
        for later, fact in enumerate(s.settled):
            for other in s.settled[later + 1 :]:
                touched = {FACTS[fact].key, FACTS[fact].reads}
                if other < fact and FACTS[other].key in touched:
                    return f"order: fact {fact} took effect before {other}, on which it depends"
        known = set(s.settled) | {parked.fact for parked in s.parked}
        if any(number not in known for number in range(s.next)):
            return "loss: a fact is neither parked nor has it taken effect"
        return None

    def moves(self, s: State) -> Iterator[Move[State]]:
        if not s.mended:
            yield "the cause is mended", s._replace(mended=True), False
        for index, parked in enumerate(s.parked):
            first = not any(FACTS[p.fact].key == FACTS[parked.fact].key for p in s.parked[:index])
            if first and parked.behind is None:
                for wish in {"retry", "discard"} - {parked.wish}:
                    wished = parked._replace(wish=wish)
                    after = (*s.parked[:index], wished, *s.parked[index + 1 :])
                    yield f"the operator wishes: {wish} fact {parked.fact}", s._replace(parked=after), False
        if len(s.works) < 2:
            if s.next < len(FACTS):
                yield "a process polls", _begin(s, Work(TAKE, s.next, s.parked)), False
            for key in self._movable(s):
                yield f"a process releases {key}", _begin(s, Work(key, s.next, s.parked)), False
        for work in dict.fromkeys(s.works):
            rest = list(s.works)
            rest.remove(work)
            before = s._replace(works=tuple(rest))
            yield f"{work.key or 'the batch'}: its process crashes", before, True
            valid = not work.dirty or self.without == "row-validated"
            if work.key == TAKE:
                if valid and s.next == work.at:
                    yield f"fact {work.at} commits", self._take(before, work), False
                else:
                    yield f"fact {work.at} is overtaken", before, False
            elif valid:
                yield f"the release of {work.key} commits", self._release(before, work), False
            else:
                yield f"the release of {work.key} conflicts", before, False

    def _movable(self, s: State) -> list[str]:
        keys = []
        for index, parked in enumerate(s.parked):
            key = FACTS[parked.fact].key
            if any(FACTS[p.fact].key == key for p in s.parked[:index]):
                continue
            held = any(FACTS[p.fact].key == parked.behind for p in s.parked[:index])
            if parked.wish or parked.behind == key or (parked.behind is not None and not held):
                keys.append(key)
        return keys

    def _take(self, s: State, work: Work) -> State:
        fact = FACTS[work.at]
        keys = {FACTS[p.fact].key for p in work.parked}
        s = s._replace(next=work.at + 1)
        if fact.key in keys and self.without != "key-queues":
            return _changed(s, (*s.parked, Parked(work.at, fact.key)))
        if fact.reads in keys and self.without != "readers-queue":
            return _changed(s, (*s.parked, Parked(work.at, fact.reads)))
        if fact.bad and not s.mended:
            return _changed(s, (*s.parked, Parked(work.at, None)))
        return s._replace(settled=(*s.settled, work.at))

    def _release(self, s: State, work: Work) -> State:
        firsts: dict[str, int] = {}
        for place, parked in enumerate(work.parked):
            firsts.setdefault(FACTS[parked.fact].key, place)
        for place, parked in enumerate(work.parked):
            fact = FACTS[parked.fact]
            if fact.key != work.key:
                continue
            blocked = {key for key, at in firsts.items() if key != work.key}
            if self.without != "earlier-only":
                blocked = {key for key in blocked if firsts[key] < place}
            if parked.wish != "discard":
                if parked.wish != "retry" if parked.behind is None else parked.behind in blocked:
                    break
                stays = Parked(parked.fact, fact.reads if fact.reads in blocked else None)
                if fact.reads in blocked or (fact.bad and not s.mended):
                    return _changed(s, tuple(stays if p.fact == parked.fact else p for p in s.parked))
            left = tuple(p for p in s.parked if p.fact != parked.fact)
            s = _changed(s._replace(settled=(*s.settled, parked.fact)), left)
        return s


def _begin(s: State, work: Work) -> State:
    return s._replace(works=tuple(sorted((*s.works, work), key=hash)))


def _changed(s: State, parked: tuple[Parked, ...]) -> State:
    """The row that tells what is parked has another version: whoever has read it will conflict."""
    works = tuple(sorted((work._replace(dirty=True) for work in s.works), key=hash))
    return s._replace(parked=parked, works=works)
