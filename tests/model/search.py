"""Explores every state of a model, breadth first, and proves or refutes what it claims.

Safety: no reachable state is wrong. Liveness, once faults have ceased: the end stays in reach of every state,
and no fair cycle avoids it. A cycle is fair when no step is possible all along it and never taken. The
counterexample to a wrong state is a shortest one.
"""

from __future__ import annotations

import time
from array import array
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

S = TypeVar("S", bound=Hashable)

Move = tuple[str, S, bool]
"""What happens, the state after it, and whether it is a fault, which need not happen."""


class Model(Protocol[S]):
    """Something that moves from state to state."""

    def starts(self) -> Iterable[S]:
        """Where it may begin."""

    def moves(self, state: S) -> Iterable[Move[S]]:
        """All that may happen next."""

    def wrong(self, state: S) -> str | None:
        """What must never be, as `kind: what`; None where all is well."""

    def ended(self, state: S) -> bool:
        """True where everything due has been done."""


class TooManyStates(Exception):
    """The bounds are too large to be searched."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """What goes wrong, and how to get there."""

    kind: str
    what: str
    steps: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{number:3}. {step}" for number, step in enumerate(self.steps, 1)]
        return "\n".join([f"{self.kind}: {self.what}", *lines])


@dataclass(frozen=True, slots=True)
class Result:
    """The verdict on one model."""

    states: int
    moves: int
    seconds: float
    """Of the processor."""
    counterexample: Counterexample | None

    @property
    def kind(self) -> str:
        """`holds`, or the kind of what goes wrong."""
        return self.counterexample.kind if self.counterexample else "holds"


class _Graph:
    """All states, numbered as they were found, and how each was reached first."""

    def __init__(self) -> None:
        self.parents = array("q")
        self.steps: list[str] = []
        self.sources = array("q")
        self.targets = array("q")
        self.labels: list[str] = []
        self.ends: set[int] = set()
        self.moves = 0

    def add(self, parent: int, step: str) -> int:
        self.parents.append(parent)
        self.steps.append(step)
        return len(self.parents) - 1

    def path(self, number: int) -> tuple[str, ...]:
        steps = []
        while self.parents[number] >= 0:
            steps.append(self.steps[number])
            number = self.parents[number]
        return tuple(reversed(steps))


def search(model: Model[S], *, most: int = 5_000_000) -> Result:
    """Search a model through. Raises TooManyStates."""
    began = time.process_time()
    graph = _Graph()
    found = _explore(model, graph, most) or _unreachable_end(graph) or _endless(graph)
    return Result(len(graph.parents), graph.moves, time.process_time() - began, found)


def _explore(model: Model[S], graph: _Graph, most: int) -> Counterexample | None:
    numbers: dict[S, int] = {}
    frontier: deque[tuple[int, S]] = deque()

    def meet(state: S, parent: int, step: str) -> int:
        numbers[state] = number = graph.add(parent, step)
        frontier.append((number, state))
        return number

    for state in model.starts():
        meet(state, -1, "")
    while frontier:
        number, state = frontier.popleft()
        wrong = model.wrong(state)
        if wrong:
            kind, _, what = wrong.partition(": ")
            return Counterexample(kind, what, graph.path(number))
        if model.ended(state):
            graph.ends.add(number)
        for step, after, fault in model.moves(state):
            graph.moves += 1
            known = numbers.get(after)
            if known is None:
                known = meet(after, number, step)
            if not fault and known != number:
                graph.sources.append(number)
                graph.targets.append(known)
                graph.labels.append(step)
        if len(numbers) > most:
            raise TooManyStates(f"more than {most} states")
    return None


def _unreachable_end(graph: _Graph) -> Counterexample | None:
    """A state from which nothing but another fault could lead to the end."""
    before: list[list[int]] = [[] for _ in graph.parents]
    leaving = bytearray(len(graph.parents))
    for source, target in zip(graph.sources, graph.targets, strict=True):
        before[target].append(source)
        leaving[source] = 1
    reaching = bytearray(len(graph.parents))
    pending = list(graph.ends)
    for number in pending:
        reaching[number] = 1
    while pending:
        for number in before[pending.pop()]:
            if not reaching[number]:
                reaching[number] = 1
                pending.append(number)
    doomed = [number for number, reaches in enumerate(reaching) if not reaches]
    if not doomed:
        return None
    still = next((number for number in doomed if not leaving[number]), None)
    if still is not None:
        return Counterexample("stuck", "nothing more happens", graph.path(still))
    return Counterexample("livelock", "it goes on for ever, the end out of reach", graph.path(doomed[0]))


def _endless(graph: _Graph) -> Counterexample | None:
    """A fair cycle that avoids the end."""
    after: list[list[int]] = [[] for _ in graph.parents]
    enabled: list[set[str]] = [set() for _ in graph.parents]
    for source, target, label in zip(graph.sources, graph.targets, graph.labels, strict=True):
        enabled[source].add(label)
        if source not in graph.ends and target not in graph.ends:
            after[source].append(target)
    taken: dict[int, set[str]] = {}
    members: dict[int, list[int]] = {}
    component = [-1] * len(after)
    for index, cycle in enumerate(_cycles(after)):
        members[index] = cycle
        for number in cycle:
            component[number] = index
    for source, target, label in zip(graph.sources, graph.targets, graph.labels, strict=True):
        if component[source] >= 0 and component[source] == component[target]:
            taken.setdefault(component[source], set()).add(label)
    for index, cycle in members.items():
        always = set.intersection(*(enabled[number] for number in cycle))
        if always <= taken[index]:
            what = f"these steps go on for ever: {'; '.join(sorted(taken[index]))}"
            return Counterexample("livelock", what, graph.path(min(cycle)))
    return None


def _cycles(after: list[list[int]]) -> Iterator[list[int]]:
    """The strongly connected components of two states or more (Tarjan's algorithm, without recursion)."""
    index = [0] * len(after)
    low = [0] * len(after)
    on_stack = bytearray(len(after))
    stack: list[int] = []
    count = 0
    for root in range(len(after)):
        if index[root] or not after[root]:
            continue
        work = [(root, iter(after[root]))]
        count += 1
        index[root] = low[root] = count
        stack.append(root)
        on_stack[root] = 1
        while work:
            number, rest = work[-1]
            for target in rest:
                if not index[target]:
                    count += 1
                    index[target] = low[target] = count
                    stack.append(target)
                    on_stack[target] = 1
                    work.append((target, iter(after[target])))
                    break
                if on_stack[target]:
                    low[number] = min(low[number], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[number])
                if low[number] == index[number]:
                    found: list[int] = []
                    while not found or found[-1] != number:
                        found.append(stack.pop())
                        on_stack[found[-1]] = 0
                    if len(found) > 1:
                        yield found
