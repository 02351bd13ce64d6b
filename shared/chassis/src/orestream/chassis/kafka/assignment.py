"""Which records may be taken: those fetched after the last assignment or seek of their partition.

A batch fetched before a rebalance may reach the handler after it. Every assignment and every seek
raises the generation; a batch carries the generation in which it was fetched, and a partition's
records count only when that is not older than the partition's own last change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from orestream.chassis.records import Fetched, Series


class Polled(Protocol):
    """A record as the client library gives it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: Any
    value: bytes | None
    timestamp: int


@dataclass(frozen=True, slots=True)
class Admitted:
    """What is left of a batch: records to take, and how many were dropped and why."""

    records: tuple[Fetched, ...]
    since: Mapping[Series, int]
    """The partitions of `records`, each with its generation, to see later whether it changed."""
    stale: int
    """Dropped since fetched before the partition's last assignment or seek."""
    trimmed: int
    """Dropped since they stand below the offset that the database expects."""


@dataclass(slots=True)
class _Held:
    since: int
    expected: int | None
    """The next offset to take; None while the database has yet to be asked."""


class Assignment:
    """The partitions this replica has, each with the generation of its last change."""

    def __init__(self) -> None:
        self.generation = 0
        self._held: dict[Series, _Held] = {}

    def change(self, series: Iterable[Series]) -> dict[Series, int]:
        """These are assigned, or their position is in doubt: nothing fetched so far counts any more.

        Returns:
            Each with its new generation.
        """
        self.generation += 1
        changed = tuple(series)
        for one in changed:
            self._held[one] = _Held(self.generation, None)
        return dict.fromkeys(changed, self.generation)

    def revoke(self, series: Iterable[Series]) -> None:
        """These are another replica's from now on."""
        self.generation += 1
        for one in series:
            self._held.pop(one, None)

    def settle(self, one: Series, expected: int) -> None:
        """The database says where to go on, and the position is set there now."""
        self.generation += 1
        self._held[one] = _Held(self.generation, expected)

    def still(self, since: Mapping[Series, int]) -> dict[Series, int]:
        """Those that have not changed since."""
        return {one: at for one, at in since.items() if one in self._held and self._held[one].since == at}

    def since(self) -> dict[Series, int]:
        """Everything assigned, each with the generation of its last change."""
        return {one: held.since for one, held in self._held.items()}

    def moved(self, since: Mapping[Series, int], next_offsets: Mapping[Series, int]) -> None:
        """A commit moved these, unless they changed meanwhile."""
        for one in self.still(since):
            if one in next_offsets:
                self._held[one].expected = next_offsets[one]

    def expected(self) -> dict[Series, int]:
        """The next offset of every partition that is settled."""
        return {one: held.expected for one, held in self._held.items() if held.expected is not None}

    def held(self) -> tuple[Series, ...]:
        """Everything assigned, settled or not."""
        return tuple(self._held)

    def settled(self) -> bool:
        """True where the position of everything assigned is known."""
        return all(held.expected is not None for held in self._held.values())

    def admit(self, polled: Iterable[Polled], generation: int) -> Admitted:
        """What of a batch that was fetched in `generation` may be taken."""
        records: list[Fetched] = []
        since: dict[Series, int] = {}
        stale = trimmed = 0
        one, held = None, None
        for record in polled:
            if one is None or record.partition != one.partition or record.topic != one.topic:
                one = Series(record.topic, record.partition)
                held = self._held.get(one)
            if held is None or held.expected is None or held.since > generation:
                stale += 1
            elif record.offset < held.expected:
                trimmed += 1
            else:
                since[one] = held.since
                records.append(
                    Fetched(
                        record.topic,
                        record.partition,
                        record.offset,
                        record.key,
                        tuple(record.headers),
                        record.value,
                        record.timestamp,
                    )
                )
        return Admitted(tuple(records), since, stale, trimmed)
