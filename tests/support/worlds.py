"""Services in memory: the pure cores alone, with waiting lanes and fact topics as the chassis runs them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from orestream.contracts.decision import (
    CHUNK,
    Accepted,
    Asked,
    Decision,
    Domain,
    Happened,
    Incoming,
    Ref,
    Refused,
    Task,
    Waits,
)
from orestream.contracts.message import Command
from orestream.contracts.registry import MESSAGES
from orestream.contracts.topics import FACTS_READ, topic_of_fact
from orestream.contracts.wire import fact_id, source_of

SITE = "main"
CLI = f"/orestream/{SITE}/cli"

Pick = Callable[[Sequence[Hashable]], int]
"""Which of the possible next steps, named, is taken: its index."""


class Whim:
    """Takes steps by chance, each kind with a weight of its own, so that some streams lag far behind."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._weights: dict[Hashable, float] = {}

    def __call__(self, steps: Sequence[Hashable]) -> int:
        """An index."""
        for step in steps:
            self._weights.setdefault(step, 10 ** self._chance.uniform(-3, 3))
        (chosen,) = self._chance.choices(range(len(steps)), [self._weights[step] for step in steps])
        return chosen


def first(_: Sequence[Hashable]) -> int:
    """Always the first step."""
    return 0


def parse(line: Mapping[str, Any]) -> tuple[str, Command]:
    """Service and command of one flat object, as `orestream send` takes it."""
    stated = dict(line)
    model = MESSAGES[stated.pop("command")]
    assert issubclass(model, Command)
    service = stated.pop("service", None) or model.SERVICES[0]
    return service, model.model_validate_json(json.dumps(stated))


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer to a command."""

    command_id: str
    status: str
    rule: str | None = None
    message: str | None = None
    facts: tuple[Happened, ...] = ()
    repeat: bool = False
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class MemoryWorld:
    """A world that has everything loaded."""

    states: Mapping[Ref, Any]

    def get(self, kind: str, id: str) -> Any | None:  # noqa: A002 - as World names it
        """The state of one aggregate."""
        return self.states.get(Ref(kind, id))

    def get_all(self, kind: str, ids: Iterable[str]) -> Mapping[str, Any]:
        """The states of those that exist."""
        return {one: self.states[Ref(kind, one)] for one in ids if Ref(kind, one) in self.states}


@dataclass(slots=True)
class Lane:
    """The commands of one key that wait, the head first."""

    queue: deque[Command] = field(default_factory=deque)
    ready: bool = False


class PureService:
    """One service in memory.

    A command of a key behind which others wait queues, unless it brings what the head waits for. What
    changes a row makes the lanes that wait for it ready; ready lanes are drained, in an order that
    `pick` chooses, before anything else is taken.
    """

    def __init__(self, domain: Domain, pick: Pick = first) -> None:
        self.domain = domain
        self.states: dict[Ref, Any] = {}
        self.facts: list[Happened] = []
        self.outcomes: dict[str, Outcome] = {}
        """The final one of each command."""
        self.answers: list[Outcome] = []
        """All that were given: waiting, final, repeats and conflicts."""
        self.tasks: deque[tuple[Command | Happened, Task, int]] = deque()
        """What decisions left for later: cause, rest, index of the next fact."""
        self.slow = False
        """True where chunks come only when a test asks for one."""
        self._pick = pick
        self._source = source_of(SITE, domain.service)
        self._lanes: dict[str, Lane] = {}
        self._waiters: dict[Ref, set[str]] = {}
        self._digests: dict[str, str] = {}

    @property
    def service(self) -> str:
        """Which service it is."""
        return self.domain.service

    @property
    def waiting(self) -> tuple[str, ...]:
        """The ids of the commands that wait."""
        return tuple(command.command_id for lane in self._lanes.values() for command in lane.queue)

    def send(self, command: Command) -> Outcome:
        """A command arrives. Its answer now: final, waiting, repeated or in conflict."""
        digest = hashlib.sha256(command.write()).hexdigest()
        known = self._digests.get(command.command_id)
        if known is not None:
            return self._answer(self._again(command, same=known == digest))
        self._digests[command.command_id] = digest
        self._take(command)
        self._drain()
        return self.outcomes.get(command.command_id) or Outcome(command.command_id, "waiting")

    def receive(self, happened: Happened) -> tuple[Happened, ...]:
        """Another service's fact arrives; answers with the facts that follow from it."""
        decision = self._decide(happened)
        assert isinstance(decision, Accepted), decision
        facts = self._caused(happened, decision.facts)
        self._fold((happened, *facts))
        self._leave(happened, decision)
        self._drain()
        return facts

    def chunk(self) -> tuple[Happened, ...]:
        """The next facts of the oldest task."""
        cause, task, index = self.tasks.popleft()
        continued = self.domain.go_on(task, MemoryWorld(self.states), CHUNK)
        assert len(continued.facts) <= CHUNK
        facts = self._caused(cause, continued.facts, index)
        self._fold(facts)
        if continued.rest is not None:
            self.tasks.appendleft((cause, continued.rest, index + len(facts)))
        return facts

    def _leave(self, cause: Command | Happened, decision: Decision) -> None:
        if isinstance(decision, Accepted) and decision.task is not None:
            self.tasks.append((cause, decision.task, len(decision.facts) + 1))

    def _again(self, command: Command, *, same: bool) -> Outcome:
        first = self.outcomes.get(command.command_id)
        if not same:
            return Outcome(command.command_id, "refused", "R02", conflict=True)
        if first is None:
            return Outcome(command.command_id, "waiting", repeat=True)
        return Outcome(first.command_id, first.status, first.rule, first.message, first.facts, repeat=True)

    def _take(self, command: Command) -> None:
        lane = self._lanes.setdefault(command.key, Lane())
        if lane.queue:
            assert not lane.ready, "ready lanes are drained at once"
            if not self._try_bringer(command, lane):
                self._queue(command, lane)
            return
        decision = self._decide(Asked(command, command.command_id))
        if isinstance(decision, Waits):
            self._queue(command, lane)
        else:
            self._finish(command, decision)

    def _queue(self, command: Command, lane: Lane) -> None:
        lane.queue.append(command)
        self._register(command)
        self._answer(Outcome(command.command_id, "waiting"))

    def _register(self, command: Command) -> Decision:
        """Decides again, and notes for what it waits now."""
        decision = self._decide(Asked(command, command.command_id))
        if isinstance(decision, Waits):
            for ref in decision.needs:
                self._waiters.setdefault(ref, set()).add(command.key)
        return decision

    def _try_bringer(self, command: Command, lane: Lane) -> bool:
        """Decides a follower if it is accepted and brings what the head waits for."""
        head = self._register(lane.queue[0])
        assert isinstance(head, Waits)
        decision = self._register(command)
        if not isinstance(decision, Accepted):
            return False
        facts = self._caused(command, decision.facts)
        brought = {ref for happened in facts for ref in self.domain.changes(happened)}
        if brought.isdisjoint(head.needs):
            return False
        self._finish(command, decision)
        return True

    def _drain(self) -> None:
        while self.tasks and not self.slow:
            self.chunk()
        while ready := sorted(key for key, lane in self._lanes.items() if lane.ready):
            self._drain_lane(self._lanes[ready[self._pick(ready)]])

    def _drain_lane(self, lane: Lane) -> None:
        """One step: the head, or the first follower that brings what the head waits for."""
        if not lane.queue:
            lane.ready = False
            return
        head = lane.queue[0]
        decision = self._register(head)
        if not isinstance(decision, Waits):
            lane.queue.popleft()
            self._finish(head, decision)
            return
        for follower in list(lane.queue)[1:]:
            if self._try_bringer(follower, lane):
                lane.queue.remove(follower)
                return
        lane.ready = False

    def _decide(self, incoming: Incoming) -> Decision:
        return self.domain.decide(incoming, MemoryWorld(self.states))

    def _finish(self, command: Command, decision: Accepted | Refused) -> None:
        facts = self._caused(command, decision.facts)
        status = "accepted" if isinstance(decision, Accepted) else "refused"
        outcome = Outcome(command.command_id, status, decision.rule, decision.message, facts)
        assert command.command_id not in self.outcomes, "a command has one final outcome"
        self.outcomes[command.command_id] = outcome
        self._answer(outcome)
        self._fold(facts)
        self._leave(command, decision)

    def _answer(self, outcome: Outcome) -> Outcome:
        self.answers.append(outcome)
        return outcome

    def _caused(
        self, cause: Command | Happened, facts: Sequence[Any], first: int = 0
    ) -> tuple[Happened, ...]:
        if isinstance(cause, Happened):
            source, id_, time, correlation = cause.source, cause.id, cause.time, cause.correlation_id
        else:
            source, id_, time, correlation = CLI, cause.command_id, cause.occurred_at, cause.command_id
        return tuple(
            Happened(
                fact,
                fact.happened_at or time,
                self._source,
                fact_id(self._source, source, id_, index),
                correlation,
            )
            for index, fact in enumerate(facts, first)
        )

    def _fold(self, facts: Iterable[Happened]) -> None:
        changed: set[Ref] = set()
        for happened in facts:
            if happened.source == self._source:
                self.facts.append(happened)
            for ref in self.domain.changes(happened):
                state = self.domain.evolve(ref, self.states.get(ref), happened)
                assert state is not None, f"{type(happened.fact).__name__} leaves nothing of {ref}"
                self.states[ref] = state
                changed.add(ref)
        for ref in changed:
            for key in self._waiters.pop(ref, ()):
                self._lanes[key].ready = True


Told = tuple[str, str, str, str]
"""A fact as it is compared: service, type, subject, content."""


class PureChain:
    """Services joined by their fact topics, which keep the order of each key and no other."""

    def __init__(self, domains: Iterable[Domain], pick: Pick = first) -> None:
        self._pick = pick
        self.services = {domain.service: PureService(domain, self._pick) for domain in domains}
        self._pending: dict[tuple[str, str, str], deque[Happened]] = {}
        """Facts on their way: (reader, topic, key) → in order."""
        self._read = dict.fromkeys(self.services, 0)

    def send(self, service: str, command: Command) -> Outcome:
        """A command arrives at its service; its facts are on their way afterwards."""
        outcome = self.services[service].send(command)
        self._publish()
        return outcome

    def deliver(self, limit: int | None = None) -> None:
        """Facts arrive at their readers, in whatever order of keys `pick` chooses; all by default."""
        steps = 0
        while (limit is None or steps < limit) and (ways := self._ways()):
            self._deliver(ways[self._pick(ways)])
            steps += 1

    def run(self, commands: Iterable[tuple[str, Command]]) -> dict[str, Outcome]:
        """Commands in the order given, every fact delivered at once; the final outcomes."""
        for service, command in commands:
            self.send(service, command)
            self.deliver()
        return self.outcomes

    def run_interleaved(self, commands: Iterable[tuple[str, Command]]) -> dict[str, Outcome]:
        """Commands and facts in any order that keeps those of one service and key; the final outcomes."""
        streams: dict[tuple[str, str], deque[Command]] = {}
        for service, command in commands:
            streams.setdefault((service, command.key), deque()).append(command)
        while True:
            open_ = [stream for stream, left in streams.items() if left]
            ways = self._ways()
            if not open_ and not ways:
                return self.outcomes
            chosen = self._pick([*open_, *ways])
            if chosen < len(open_):
                stream = open_[chosen]
                self.send(stream[0], streams[stream].popleft())
            else:
                self._deliver(ways[chosen - len(open_)])

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """The final outcome of every command."""
        return {name: one for service in self.services.values() for name, one in service.outcomes.items()}

    @property
    def verdicts(self) -> dict[str, dict[str, str]]:
        """Status and rule of every command, as `chain.expected.json` writes them."""
        return {
            name: {"status": one.status, **({"rule": one.rule} if one.rule is not None else {})}
            for name, one in self.outcomes.items()
        }

    @property
    def waiting(self) -> tuple[str, ...]:
        """The ids of the commands that still wait."""
        return tuple(one for service in self.services.values() for one in service.waiting)

    @property
    def told(self) -> Counter[Told]:
        """Every fact published, by service, type, subject and content."""
        return Counter(
            (name, type(one.fact).TYPE, one.fact.key, one.fact.write().decode())
            for name, service in self.services.items()
            for one in service.facts
        )

    @property
    def states(self) -> dict[tuple[str, Ref], Any]:
        """Every aggregate of every service."""
        return {
            (name, ref): state
            for name, service in self.services.items()
            for ref, state in service.states.items()
        }

    def facts_of(self, subject: str, type_: type | None = None) -> list[Any]:
        """The facts about one thing, of one class where one is named."""
        return [
            one.fact
            for service in self.services.values()
            for one in service.facts
            if one.fact.key == subject and (type_ is None or isinstance(one.fact, type_))
        ]

    def _ways(self) -> list[tuple[str, str, str]]:
        return [way for way, facts in self._pending.items() if facts]

    def _deliver(self, way: tuple[str, str, str]) -> None:
        self.services[way[0]].receive(self._pending[way].popleft())
        self._publish()

    def _publish(self) -> None:
        """Facts written since the last time are on their way to whoever reads them."""
        for name, service in self.services.items():
            for happened in service.facts[self._read[name] :]:
                topic = topic_of_fact(name, type(happened.fact).__name__)
                for reader in self.services:
                    if topic in FACTS_READ[reader]:
                        way = (reader, topic, happened.fact.key)
                        self._pending.setdefault(way, deque()).append(happened)
            self._read[name] = len(service.facts)
