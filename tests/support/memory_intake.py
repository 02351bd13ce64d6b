"""An intake in memory: offsets by compare-and-set, and every record taken kept in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from orestream.chassis.errors import DatabaseUnavailable
from orestream.chassis.intake.taken import Moved, Superseded, Taken
from orestream.chassis.records import Fetched, Place, Series


@dataclass(slots=True)
class MemoryOffsets:
    """The database that replicas share."""

    next: dict[Place, int] = field(default_factory=dict)
    taken: list[Fetched] = field(default_factory=list)
    away: bool = False

    async def next_offset(self, place: Place) -> int | None:
        """See `driver.Offsets`."""
        self.reach()
        return self.next.get(place)

    async def register_place(self, place: Place, at: int) -> None:
        """See `driver.Offsets`."""
        self.reach()
        self.next.setdefault(place, at)

    def reach(self) -> None:
        """Fail as an absent database does."""
        if self.away:
            raise DatabaseUnavailable("the database is away")


@dataclass(slots=True)
class MemoryIntake:
    """One replica's intake; `before_commit` and `after_commit` run around the compare-and-set."""

    offsets: MemoryOffsets
    before_commit: Callable[[], object] = lambda: None
    after_commit: Callable[[], object] = lambda: None

    def forget(self, partitions: Sequence[Series]) -> None:
        """See `driver.Taker`; nothing is kept in memory here."""

    async def take(self, batch: Sequence[Fetched], places: Mapping[Series, Place]) -> Taken:
        """See `driver.Taker`."""
        self.offsets.reach()
        first: dict[Place, int] = {}
        last: dict[Place, int] = {}
        for record in batch:
            place = places[Series(record.topic, record.partition)]
            first.setdefault(place, record.offset)
            last[place] = record.offset + 1
        stored = {place: self.offsets.next[place] for place in first}
        self.before_commit()
        if any(self.offsets.next[place] != at or first[place] < at for place, at in stored.items()):
            return Superseded(tuple((place.topic, place.partition) for place in first))
        self.offsets.next.update(last)
        self.offsets.taken.extend(batch)
        self.after_commit()
        return Moved({Series(place.topic, place.partition): at for place, at in last.items()})
