"""Lanes and waiting commands: several processes, each transaction's reads and its commit as separate steps.

Modelled as the code does it (`intake/commands.py`, `intake/lanes.py`, `intake/unit.py`, `store/lanes.py`,
`store/queues.py`, `store/aggregates.py`): a transaction reads its lanes, then their queues and what is known
of the command ids, then the aggregates, then who waits for those; decides; and at its commit, which holds its
locks and so is one step, proves that all it read is as it was, or begins again.

Assumed:
- each statement sees one moment of the database, a commit is atomic and holds every lock it took;
- of one partition's records, the offset lets one transaction through (`offsets.py` proves it);
- a version is remembered as "changed since it was read", which is what comparing versions tells; the one
  variant in which versions go back counts them.

Not modelled: placeholders that make two readers of an absent row conflict once for nothing, locking first
and halving after conflicts (they change who runs when, not what is validated), parked keys, answers' texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.model.search import Move
from tests.model.transaction import (
    ACCEPTED,
    DRAIN,
    EXPIRE,
    TAKE,
    UNKNOWN,
    WAITING,
    WAKE,
    Command,
    Lane,
    State,
    Unit,
    Work,
    decide,
    in_order,
    reading_order,
)


@dataclass(frozen=True, slots=True)
class Lanes:
    """A few commands and facts on partitions; `partitions` hold command numbers, and -1-N for a fact on N.

    `without` names the protection that is missing: see `catalogue.py`.
    """

    commands: tuple[Command, ...]
    partitions: tuple[tuple[int, ...], ...]
    without: str = ""
    things: int = 1
    keys: int = 1
    processes: int = 2
    expiry: bool = False
    batch: int = 1

    def starts(self) -> Iterable[State]:
        yield State(
            (0,) * len(self.partitions),
            (0,) * self.things,
            (Lane(),) * self.keys,
            (UNKNOWN,) * len(self.commands),
        )

    def ended(self, s: State) -> bool:
        taken = all(at == len(records) for at, records in zip(s.offsets, self.partitions, strict=True))
        final = not self.expiry or WAITING not in s.known
        return taken and final and not s.works and not any(lane.ready for lane in s.lanes)

    def wrong(self, s: State) -> str | None:
        if s.wrong or s.works:
            return s.wrong
        for key, lane in enumerate(s.lanes):
            if lane.queue and not lane.ready and (behind := self._decidable(s, lane)) is not None:
                return f"lost wake-up: command {behind} of lane {key} could be decided, and nobody knows"
        return None

    def _decidable(self, s: State, lane: Lane) -> int | None:
        head = self.commands[lane.queue[0].command]
        missing = {thing for thing, level in head.needs if s.levels[thing] < level}
        if not missing:
            return lane.queue[0].command
        for follower in lane.queue[1:]:
            command = self.commands[follower.command]
            if command.brings in missing and decide(command, s.levels).status == ACCEPTED:
                return follower.command
        return None

    def moves(self, s: State) -> Iterator[Move[State]]:
        if len(s.works) < self.processes:
            yield from self._begin(s)
        for work in dict.fromkeys(s.works):
            rest = _without(s.works, work)
            name = f"{('take', 'drain', 'expire', 'wake')[work.kind]} {work.subject}"
            yield f"{name}: its process crashes", s._replace(works=rest), True
            steps = reading_order(self.without)
            if work.kind == WAKE:
                yield f"{name}: marks the lanes ready", self._mark(s._replace(works=rest), work), False
            elif work.step < len(steps):
                read = self._read(s, work._replace(step=work.step + 1), steps[work.step])
                yield f"{name}: reads {steps[work.step]}", s._replace(works=_with(rest, read)), False
            else:
                yield from self._commit(s._replace(works=rest), work, name)

    def _begin(self, s: State) -> Iterator[Move[State]]:
        for partition, at in enumerate(s.offsets):
            if at < len(self.partitions[partition]):
                work = Work(TAKE, partition, at)
                yield f"a process polls partition {partition}", s._replace(works=_with(s.works, work)), False
        for key, lane in enumerate(s.lanes):
            if lane.ready and not any(w.kind == DRAIN and w.step == 0 for w in s.works):
                works = _with(s.works, Work(DRAIN, key))
                yield f"a process finds lane {key} ready", s._replace(works=works), False
            late = lane.queue and (not lane.ready or self.without == "expiry-of-ready")
            if self.expiry and late and not any(w.kind == EXPIRE for w in s.works):
                works = _with(s.works, Work(EXPIRE, key))
                yield f"the head of lane {key} has waited too long", s._replace(works=works), False

    def _read(self, s: State, work: Work, what: str) -> Work:
        match what:
            case "lane":
                versions = tuple(lane.version for lane in s.lanes)
                return work._replace(ready=tuple(lane.ready for lane in s.lanes), versions=versions)
            case "queue":
                return work._replace(queues=tuple(lane.queue for lane in s.lanes), known=s.known)
            case "levels":
                return work._replace(levels=s.levels)
            case _:
                waiting: list[frozenset[int]] = [frozenset()] * self.things
                for key, lane in enumerate(s.lanes):
                    for queued in lane.queue:
                        for thing in queued.waits_for:
                            waiting[thing] |= {key}
                return work._replace(waiters=tuple(waiting))

    def _mark(self, s: State, work: Work) -> State:
        lanes = [
            lane._replace(ready=True) if work.subject >> key & 1 else lane for key, lane in enumerate(s.lanes)
        ]
        return s._replace(lanes=tuple(lanes))

    def _commit(self, s: State, work: Work, name: str) -> Iterator[Move[State]]:
        if work.kind == TAKE and s.offsets[work.subject] != work.at:
            yield f"{name}: is overtaken", s, False
            return
        unit = Unit(self, work)
        unit.run()
        if unit.conflicts(s):
            again = Work(work.kind, work.subject, work.at)
            yield f"{name}: conflicts", s._replace(works=_with(s.works, again)), False
            return
        yield f"{name}: commits", unit.write(s), False


def _with(works: tuple[Work, ...], work: Work) -> tuple[Work, ...]:
    return in_order([*works, work])


def _without(works: tuple[Work, ...], work: Work) -> tuple[Work, ...]:
    at = works.index(work)
    return works[:at] + works[at + 1 :]
