"""One transaction of the model of lanes: what it reads, decides and writes, as `intake/unit.py` does it."""

from __future__ import annotations

from typing import NamedTuple, Protocol

TAKE, DRAIN, EXPIRE, WAKE = range(4)
UNKNOWN, WAITING, ACCEPTED, REFUSED, TOO_LATE = range(5)

Need = tuple[int, int]
"""A thing, and the level it must have reached."""


class Command(NamedTuple):
    key: int
    needs: tuple[Need, ...] = ()
    brings: int | None = None
    """A thing whose level it raises when it is accepted."""
    unless: int | None = None
    """It is refused when this thing has any level."""


class Queued(NamedTuple):
    command: int
    waits_for: frozenset[int]
    """As registered."""


class Lane(NamedTuple):
    ready: bool = False
    queue: tuple[Queued, ...] = ()
    version: int = 0


class Work(NamedTuple):
    """A transaction under way, and what it has read so far."""

    kind: int
    subject: int
    """A partition, or a lane's key."""
    at: int = 0
    """The partition's next record as it began."""
    step: int = 0
    ready: tuple[bool, ...] = ()
    queues: tuple[tuple[Queued, ...], ...] = ()
    known: tuple[int, ...] = ()
    levels: tuple[int, ...] = ()
    waiters: tuple[frozenset[int], ...] = ()
    dirty: frozenset[tuple[str, int]] = frozenset()
    """Rows changed since they were read."""
    versions: tuple[int, ...] = ()


class State(NamedTuple):
    offsets: tuple[int, ...]
    levels: tuple[int, ...]
    lanes: tuple[Lane, ...]
    known: tuple[int, ...]
    works: tuple[Work, ...] = ()
    wrong: str | None = None


def reading_order(without: str) -> tuple[str, ...]:
    """What a transaction reads, one statement after another: what a version guards comes after it."""
    if without == "ids-after-lane":
        return ("queue", "lane", "levels", "waiters")
    if without == "waiters-after-version":
        return ("lane", "queue", "waiters", "levels")
    return ("lane", "queue", "levels", "waiters")


class Setting(Protocol):
    """What is the same in all states."""

    @property
    def commands(self) -> tuple[Command, ...]: ...

    @property
    def partitions(self) -> tuple[tuple[int, ...], ...]: ...

    @property
    def without(self) -> str: ...

    @property
    def batch(self) -> int: ...


class Verdict(NamedTuple):
    status: int
    missing: frozenset[int] = frozenset()
    asked: frozenset[int] = frozenset()


def decide(command: Command, levels: tuple[int, ...] | list[int]) -> Verdict:
    """What a domain would say."""
    asked = frozenset(thing for thing, _ in command.needs)
    missing = frozenset(thing for thing, level in command.needs if levels[thing] < level)
    if missing:
        return Verdict(WAITING, missing, asked)
    if command.unless is not None:
        asked |= {command.unless}
        if levels[command.unless]:
            return Verdict(REFUSED, missing, asked)
    return Verdict(ACCEPTED, missing, asked | ({command.brings} if command.brings is not None else set()))


class Unit:
    """One transaction's working memory, from what it has read."""

    def __init__(self, model: Setting, work: Work) -> None:
        self.model = model
        self.work = work
        self.levels = list(work.levels)
        self.known = list(work.known)
        self.ready = list(work.ready)
        self.queues = [list(queue) for queue in work.queues]
        self.waiters = [set(keys) for keys in work.waiters]
        self.lanes: set[int] = set()
        """Lanes read, and so validated."""
        self.changed_lanes: set[int] = set()
        self.asked: set[int] = set()
        self.changed: set[int] = set()
        self.raised: set[int] = set()
        self.woken: set[int] = set()
        self.left: list[int] = []
        self.finals: dict[int, int] = {}
        self.queued: list[int] = []
        self.repeated: list[int] = []
        self.needs: dict[int, frozenset[int]] = {}
        self.overtaking: list[int] = []

    def run(self) -> None:
        """Do the work on what was read."""
        model, work = self.model, self.work
        if work.kind == TAKE:
            records = model.partitions[work.subject][work.at : work.at + model.batch]
            self.lanes |= {model.commands[record].key for record in records if record >= 0}
            for record in records:
                if record >= 0:
                    self._arrive(record)
                else:
                    self._raise_level(-1 - record)
        else:
            self.lanes.add(work.subject)
            if work.kind == DRAIN and self.ready[work.subject]:
                self._drain(work.subject)
            elif work.kind == EXPIRE and self.queues[work.subject]:
                self._expire(work.subject)

    def _arrive(self, number: int) -> None:
        command = self.model.commands[number]
        queue = self.queues[command.key]
        if self.known[number] != UNKNOWN:
            self.repeated.append(number)
            return
        if queue and self.ready[command.key] and self.model.without != "no-overtaking":
            self._queue(number, frozenset())
            return
        verdict = self._decide(number)
        brings = queue and verdict.status == ACCEPTED and command.brings in queue[0].waits_for
        if verdict.status == WAITING:
            self._queue(number, verdict.missing)
        elif not queue or brings:
            if queue:
                self.overtaking.append(command.key)
            self._finish(number, verdict.status)
        else:
            self._queue(number, frozenset())

    def _queue(self, number: int, missing: frozenset[int]) -> None:
        key = self.model.commands[number].key
        if self.model.without == "followers" and self.queues[key]:
            missing = frozenset()
        self.queues[key].append(Queued(number, missing))
        self.queued.append(number)
        self.changed_lanes.add(key)
        if self.model.without != "known-when-queued":
            self.known[number] = WAITING
        self._register(number, missing)

    def _register(self, number: int, missing: frozenset[int]) -> None:
        key = self.model.commands[number].key
        self.needs[number] = missing
        for at, queued in enumerate(self.queues[key]):
            if queued.command == number:
                self.queues[key][at] = Queued(number, missing)
        for thing in missing:
            self.waiters[thing].add(key)
            existing = bool(self.work.levels[thing])
            if self.model.without == "waits-raise" or (self.model.without == "raise-existing" and existing):
                continue
            self.raised.add(thing)

    def _decide(self, number: int) -> Verdict:
        verdict = decide(self.model.commands[number], self.levels)
        self.asked |= verdict.asked
        return verdict

    def _finish(self, number: int, status: int) -> None:
        self.finals[number] = self.known[number] = status
        brings = self.model.commands[number].brings
        if status == ACCEPTED and brings is not None:
            self._raise_level(brings)

    def _raise_level(self, thing: int) -> None:
        self.asked.add(thing)
        self.levels[thing] += 1
        self.changed.add(thing)
        for key in self.waiters[thing]:
            if key in self.lanes:
                self.ready[key] = True
                self.changed_lanes.add(key)
            else:
                self.woken.add(key)

    def _drain(self, key: int) -> None:
        queue = self.queues[key]
        while queue:
            head = queue[0].command
            verdict = self._decide(head)
            if verdict.status != WAITING:
                self._leave(key, head)
                self._finish(head, verdict.status)
                continue
            self._register(head, verdict.missing)
            if not self._bringer(key, verdict.missing):
                break
        self.ready[key] = False
        self.changed_lanes.add(key)

    def _bringer(self, key: int, needs: frozenset[int]) -> bool:
        if self.model.without == "bringers-when-draining":
            return False
        for follower in self.queues[key][1:]:
            command = self.model.commands[follower.command]
            verdict = self._decide(follower.command)
            if verdict.status == WAITING:
                if self.model.without != "followers":
                    self._register(follower.command, verdict.missing)
            elif verdict.status == ACCEPTED and command.brings in needs:
                self._leave(key, follower.command)
                self._finish(follower.command, verdict.status)
                return True
        return False

    def _expire(self, key: int) -> None:
        if self.ready[key] and self.model.without != "expiry-of-ready":
            return
        head = self.queues[key][0].command
        self._leave(key, head)
        self.ready[key] = bool(self.queues[key]) and self.model.without != "next-ready"
        self.changed_lanes.add(key)
        self._finish(head, TOO_LATE)

    def _leave(self, key: int, number: int) -> None:
        queue = self.queues[key]
        queue[:] = [queued for queued in queue if queued.command != number]
        self.left.append(number)
        self.changed_lanes.add(key)

    def conflicts(self, s: State) -> bool:
        """True where something read has changed."""
        without, kind = self.model.without, self.work.kind
        dirty = self.work.dirty
        lanes = self.lanes
        if (without, kind) in {("lane-on-arrival", TAKE), ("lane-when-draining", DRAIN)}:
            lanes = set()
        if without == "expiry-conditional" and kind == EXPIRE:
            lanes = set()
        if without == "lane-kept":
            if any(s.lanes[key].version != self.work.versions[key] for key in lanes):
                return True
        elif any(("lane", key) in dirty for key in lanes):
            return True
        things = self.changed | self.raised | (set() if without == "reads-validated" else self.asked)
        if any(("thing", thing) in dirty for thing in things):
            return True
        guarded = without not in ("lane-kept", "expiry-conditional", "known-when-queued")
        new = [n for n in (*self.queued, *self.finals) if self.work.known[n] == UNKNOWN]
        late = [n for n in self.finals if self.work.known[n] == WAITING and s.known[n] != WAITING]
        return guarded and (any(s.known[n] != UNKNOWN for n in new) or bool(late))

    def write(self, s: State) -> State:
        """What the database is after the commit, and what is wrong with that."""
        wrong = self._judge(s)
        lanes, known, levels = list(s.lanes), list(s.known), list(s.levels)
        for number in self.queued:
            if self.model.without != "known-when-queued":
                known[number] = WAITING
        for number, status in self.finals.items():
            known[number] = status
        for thing in self.changed:
            levels[thing] = self.levels[thing]
        touched = set(self.changed_lanes)
        for key in range(len(lanes)):
            lanes[key] = self._lane(s.lanes[key], key, touched)
        separate = self.model.without == "woken-together"
        if not separate:
            for key in self.woken:
                lanes[key] = lanes[key]._replace(ready=True)
                touched.add(key)
        if self.model.without == "lane-kept":
            for key in touched:
                version = s.lanes[key].version + 1
                lanes[key] = lanes[key]._replace(version=version) if lanes[key].queue else Lane()
        raising = self.raised | (set() if self.model.without == "fact-raises" else self.changed)
        works = [_dirtied(work, touched, raising, self.model) for work in s.works]
        if separate and self.woken:
            works.append(Work(WAKE, sum(1 << key for key in self.woken)))
        offsets = list(s.offsets)
        if self.work.kind == TAKE:
            records = self.model.partitions[self.work.subject]
            offsets[self.work.subject] = min(len(records), self.work.at + self.model.batch)
        return State(tuple(offsets), tuple(levels), tuple(lanes), tuple(known), in_order(works), wrong)

    def _lane(self, lane: Lane, key: int, touched: set[int]) -> Lane:
        gone = set(self.left)
        own = {n for n in (*self.queued, *self.needs) if self.model.commands[n].key == key}
        queue = [
            Queued(q.command, self.needs.get(q.command, q.waits_for))
            for q in lane.queue
            if q.command not in gone
        ]
        queue += [Queued(n, self.needs[n]) for n in self.queued if n in own and n not in gone]
        ready = self.ready[key] if key in touched else lane.ready
        return Lane(ready, tuple(queue), lane.version)

    def _judge(self, s: State) -> str | None:
        for number, status in self.finals.items():
            if s.known[number] > WAITING:
                return f"two answers: command {number} is decided twice"
            if status == TOO_LATE and decide(self.model.commands[number], s.levels).status != WAITING:
                return f"refused for nothing: command {number}, though what it waits for is there"
        for number in self.repeated:
            if self.work.known[number] == WAITING and s.known[number] > WAITING:
                return f"two answers: command {number} is said to wait after its final answer"
        for number in self.queued:
            if any(q.command == number for q in s.lanes[self.model.commands[number].key].queue):
                return f"two answers: command {number} stands in its queue twice"
        for key in self.overtaking:
            queue = s.lanes[key].queue
            if queue and decide(self.model.commands[queue[0].command], s.levels).status != WAITING:
                return f"order: command {queue[0].command} could be decided and is overtaken"
        return self._skew(s)

    def _skew(self, s: State) -> str | None:
        for number, status in self.finals.items():
            unless = self.model.commands[number].unless
            if status == ACCEPTED and unless is not None and s.levels[unless]:
                return f"write skew: command {number} is accepted beside what forbids it"
        return None


def _dirtied(work: Work, lanes: set[int], things: set[int], model: Setting) -> Work:
    done = reading_order(model.without)[: work.step]
    dirty = set(work.dirty)
    if "lane" in done and model.without != "lane-kept":
        dirty |= {("lane", key) for key in lanes}
    if "levels" in done:
        dirty |= {("thing", thing) for thing in things}
    return work._replace(dirty=frozenset(dirty))


def in_order(works: list[Work]) -> tuple[Work, ...]:
    """Processes are alike: in whatever order their transactions stand, it is one state."""
    return tuple(sorted(works, key=hash))
