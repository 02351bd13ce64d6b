"""What a service's pure part says and sees: decisions, and the world it decides in.

The chassis runs these, a service's `domain/` makes them; neither knows the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from orestream.contracts.message import Command, Fact

DECISION_FACTS = 2_000
"""One decision has at most so many facts; what follows beyond is left to a task."""
DECISION_BYTES = 4_000_000
"""And their values together at most so many bytes."""
CHUNK = 500
"""A task goes on by so many facts at a time, each time in a decision of its own."""


class Ref(NamedTuple):
    """The name of one aggregate: its kind within a service, and its id."""

    kind: str
    id: str


class Happened(NamedTuple):
    """A fact together with when it happened, who said so and its own id."""

    fact: Fact
    time: datetime
    source: str
    """`ce_source` of its writer, as `/orestream/main/mining`."""
    id: str
    correlation_id: str

    @property
    def service(self) -> str:
        """The service that wrote it."""
        return self.source.rsplit("/", 1)[-1]


class Asked(NamedTuple):
    """A command together with the service it was sent to."""

    command: Command
    correlation_id: str


Incoming = Happened | Asked


class World(Protocol):
    """States as of this decision.

    One that is not loaded yet seems absent. The runner then drops the decision, whatever it says or raises,
    loads all that was asked for, and runs it again, so a decision must not do anything but compute. What
    was asked, absences included, is validated by version at the commit.
    """

    def get(self, kind: str, id: str) -> Any | None:  # noqa: A002 - the field's word
        """The state of one aggregate, or None where there is none."""

    def get_all(self, kind: str, ids: Iterable[str]) -> Mapping[str, Any]:
        """The states of those that exist, by id."""


@dataclass(frozen=True, slots=True)
class Task:
    """Facts that follow from a decision and are too many for it: what is still to be told.

    It is kept as it stands until `Domain.go_on` has nothing left of it, whatever happens meanwhile. Its
    payload is a JSON object, and should say where to look rather than what was found: it is read in the
    world as it is then.
    """

    kind: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Continued:
    """A task's next facts, and what is left of it."""

    facts: tuple[Fact, ...] = ()
    rest: Task | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """It happened. `rule` is set where it happened and is quarantined or declared all the same."""

    facts: tuple[Fact, ...] = ()
    rule: str | None = None
    message: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    task: Task | None = None
    """What follows besides and is too much for one decision; its facts follow soon, in chunks."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What was asked did not happen; `facts` are what it caused all the same."""

    rule: str
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Waits:
    """It cannot be decided before one of these changes."""

    needs: tuple[Ref, ...]
    message: str


Decision = Accepted | Refused | Waits


class Domain(Protocol):
    """A service's pure part, as the chassis runs it.

    For a command, `decide` answers; for another service's fact it may only be `Accepted` with the
    facts that follow from it. The runner then folds, in this order: the incoming fact itself (where
    the message is one), then the facts of the decision. Inside `decide` of an incoming fact the
    world does not hold that fact yet.
    """

    @property
    def service(self) -> str:
        """`mining`, `processing` or `export`."""

    @property
    def states(self) -> Mapping[str, Any]:
        """Kind of aggregate → its (dataclass) type, so that the store can write and read it as JSON."""

    def rules_version(self, at: datetime) -> str:
        """The version of the rule table in force at that time."""

    def decide(self, incoming: Incoming, world: World) -> Decision:
        """What follows from this message in this world. Pure: no clock, no chance, no I/O."""

    def go_on(self, task: Task, world: World, most: int) -> Continued:
        """The next facts of a task, at most so many, and its rest. Pure, like `decide`.

        The world holds everything that has happened since, so that a fact told meanwhile by another
        decision is not told again.
        """

    def unfinished(self, happened: Happened, world: World) -> Task | None:
        """What a fact that is folded already leaves to be told in this world; None where all of it is.

        Asked when a database is taken back from the visible facts, which tell of no task.
        """

    def changes(self, happened: Happened) -> tuple[Ref, ...]:
        """The aggregates that this fact changes, own facts and other services' alike."""

    def companions(self, ref: Ref, state: Any | None) -> Iterable[Ref]:
        """Aggregates that whoever asks for this one, there or not, mostly asks for next; loaded with it.

        A hint, so that a decision need not be run again for each: others are loaded when asked for.
        """

    def evolve(self, ref: Ref, state: Any | None, happened: Happened) -> Any:
        """The state of `ref` after this fact. Never judges: it has already happened.

        Facts of different keys give the same state in either order, own ones and other services': a database
        that is taken back meets those of a key in order, and no others.
        """
