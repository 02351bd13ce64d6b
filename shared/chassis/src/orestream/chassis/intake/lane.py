"""A command key's lane while one transaction works on it."""

from __future__ import annotations

from dataclasses import dataclass, field

from orestream.chassis.intake.inbound import CommandLike
from orestream.chassis.store.queues import Head


@dataclass(frozen=True, slots=True, eq=False)
class Waiter:
    """A command in the queue, decoded."""

    place: int
    inbound: CommandLike


@dataclass(slots=True)
class Lane:
    """What waits there, and whether it can be decided now."""

    key: str
    version: int
    """As read; 0 where there was no row."""
    ready: bool = False
    next_place: int = 1
    head: Head | None = None
    queue: list[Waiter] = field(default_factory=list)
    """Loaded only to drain or expire."""
    changed: bool = False

    def set_ready(self, ready: bool) -> None:
        """Whether its head may be decidable; the version rises at the commit."""
        self.ready = ready
        self.changed = True

    def take_place(self) -> int:
        """The place of one more at its end."""
        place = self.next_place
        self.next_place += 1
        self.changed = True
        return place
