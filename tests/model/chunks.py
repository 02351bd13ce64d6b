"""A hold told of in chunks: replicas racing on its task, a lot born meanwhile, a lift meanwhile, crashes.

Modelled as `intake/tasks.py`, `store/tasks.py` and `lots/tasks.py` do it: the task's row says which lots come
next and moves by compare-and-set together with a chunk's facts; what a chunk has read is validated like any
decision's; a lot that was told already is passed over; a birth tells of the hold in its own decision.

Assumed: each chunk tells of one lot; a commit is atomic. Not modelled: several holds, parked lots, the row's
lock that keeps replicas from trying in vain, bounds of size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tests.model.search import Move

PARENT = {1: 0, 2: 0, 3: 1}
"""Lot → the lot it comes from; 3 is born while all this goes on."""


class Work(NamedTuple):
    kind: str
    hold: str
    born: frozenset[int]
    told: tuple[int, ...]
    freed: tuple[int, ...]
    chunk: int
    coming: tuple[int, ...] | None
    dirty: frozenset[str] = frozenset()


class State(NamedTuple):
    hold: str = "none"
    born: frozenset[int] = frozenset({0, 1, 2})
    told: tuple[int, ...] = ()
    """Lots of which `lot.held` was published, in order."""
    freed: tuple[int, ...] = ()
    chunk: int = 0
    coming: tuple[int, ...] | None = None
    """The lots to be looked at next; None where there is no task."""
    works: tuple[Work, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunks:
    """`without` names the protection that is missing: see `catalogue.py`."""

    without: str = ""

    def starts(self) -> Iterable[State]:
        yield State()

    def ended(self, s: State) -> bool:
        return s.hold != "none" and 3 in s.born and s.coming is None and not s.works

    def wrong(self, s: State) -> str | None:
        if len(set(s.told)) < len(s.told) or len(set(s.freed)) < len(s.freed):
            return f"duplicate: {list(s.told)} are told held, {list(s.freed)} free"
        if s.coming is None and s.hold == "held" and set(s.told) != s.born:
            return f"left out: {sorted(s.born - set(s.told))} are never told"
        if s.coming is None and s.hold == "lifted" and set(s.told) != set(s.freed):
            return f"left held: {sorted(set(s.told) - set(s.freed))} are never told of the end"
        return None

    def moves(self, s: State) -> Iterator[Move[State]]:
        if len(s.works) < 2:
            due = {
                "hold": s.hold == "none",
                "lift": s.hold == "held",
                "birth": 3 not in s.born,
                "chunk": s.coming is not None,
            }
            for kind in (kind for kind, is_due in due.items() if is_due):
                read = Work(kind, s.hold, s.born, s.told, s.freed, s.chunk, s.coming)
                yield f"{kind}: reads", s._replace(works=_sorted((*s.works, read))), kind == "lift"
        for work in dict.fromkeys(s.works):
            rest = list(s.works)
            rest.remove(work)
            before = s._replace(works=tuple(rest))
            yield f"{work.kind}: its process crashes", before, True
            if self._valid(s, work):
                yield f"{work.kind}: commits", self._commit(before, work), False
            else:
                yield f"{work.kind}: conflicts", before, False

    def _valid(self, s: State, work: Work) -> bool:
        if work.kind == "birth" and 3 in s.born:
            return False  # its command's id is remembered
        if (
            work.kind == "chunk"
            and self.without != "compare"
            and (s.chunk, s.coming)
            != (
                work.chunk,
                work.coming,
            )
        ):
            return False
        return not work.dirty or self.without == "reads"

    def _commit(self, s: State, work: Work) -> State:
        if work.kind == "hold":
            return _dirty(s._replace(hold="held", coming=(0,), chunk=s.chunk + 1))
        if work.kind == "lift":
            left = (0,) if s.coming is None else s.coming
            return _dirty(s._replace(hold="lifted", coming=left if work.told or s.coming else None))
        if work.kind == "birth":
            inherits = work.hold == "held" and self.without != "inherit"
            told = (*s.told, 3) if inherits else s.told
            return _dirty(s._replace(born=s.born | {3}, told=told))
        return self._chunk(s, work)

    def _chunk(self, s: State, work: Work) -> State:
        assert work.coming is not None, "a chunk has a task"
        told, freed = s.told, s.freed
        rest = work.coming
        if rest:
            lot, *others = rest
            children = sorted(
                child for child, parent in PARENT.items() if parent == lot and child in work.born
            )
            rest = (*others, *children)
            if lot not in work.told or self.without == "passed-over":
                told = (*told, lot)
        if work.hold == "lifted" and not rest:
            freed = (*freed, *(lot for lot in told if lot not in freed))
        return _dirty(s._replace(told=told, freed=freed, coming=rest or None, chunk=s.chunk + 1))


def _dirty(s: State) -> State:
    """Lots and the hold have other versions now."""
    works = (work._replace(dirty=frozenset({"read"})) for work in s.works)
    return s._replace(works=_sorted(works))


def _sorted(works: Iterable[Work]) -> tuple[Work, ...]:
    return tuple(sorted(works, key=hash))
