"""What became of a batch, and what a commit brought about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from orestream.contracts.decision import Happened


@dataclass(frozen=True, slots=True)
class Halt:
    """A partition that must not go on: a fact has been lost upstream."""

    topic: str
    partition: int
    offset: int
    """Of the first record that was not taken; the stored offset stays here."""
    why: str
    key: str = ""
    """Of that record."""
    correlation_id: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """The batch is committed."""

    next_offsets: Mapping[tuple[str, int], int]
    """(topic, partition) → the offset that comes next."""
    halted: tuple[Halt, ...] = ()
    """Partitions to pause, with an alarm; the rest of the batch is committed."""
    ready: bool = False
    """True where waiting commands can be decided now: call `drain`."""

    def with_before(self, before: Moved) -> Moved:
        """This together with what was committed just before it."""
        return Moved(
            {**before.next_offsets, **self.next_offsets},
            (*before.halted, *self.halted),
            self.ready or before.ready,
        )


@dataclass(frozen=True, slots=True)
class Superseded:
    """Nothing is known to be committed: read the stored offsets of these partitions again and seek.

    Another process has moved an offset meanwhile, or the outcome of the commit is in doubt.
    """

    partitions: tuple[tuple[str, int], ...]


Taken = Moved | Superseded


@dataclass(slots=True)
class Committed:
    """What one database transaction has brought about, told after its commit."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(status, rule or empty) → count; repeats and conflicts are under `repeat` and `conflict`."""
    facts: list[Happened] = field(default_factory=list)
    """The service's own new facts."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Types of facts this version does not know."""
    repeated: int = 0
    """Facts that were there before, by their sequence."""
    parked: int = 0
    """Records set aside because they fail."""
    followers: int = 0
    """Records set aside behind another."""
    released: int = 0
    discarded: int = 0
    conflicts: int = 0
    """Times the transaction was run again because others had changed what it read."""
