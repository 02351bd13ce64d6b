"""What the facts say of one lot or shipment, no more of it than a family tree shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from orestream.cli.contents import NOTHING_STATED, Grades, Stated

Holds = dict[str, bool]
"""Hold → whether it is in force. Once lifted it stays so, whichever of the two facts is read first."""


class Brought(NamedTuple):
    """What a lot gave to one that was made from it."""

    lot_id: str
    dry_kg: Decimal
    share: Decimal


class Site(NamedTuple):
    """A source that ore comes from, and its share of the lot's dry mass."""

    source_id: str
    name: str
    country: str
    licence: str
    share: Decimal


@dataclass(frozen=True, slots=True)
class Born:
    """The birth of a lot: `parents` of one made from others, `sites` of one mined."""

    topic: str
    at: datetime
    how: str
    dry_kg: Decimal
    parents: tuple[Brought, ...] = ()
    sites: tuple[Site, ...] = ()
    batch_id: str | None = None
    book: Stated | None = None


class Assayed(NamedTuple):
    """The results of one sample. Among those of one lot the greatest is the latest."""

    taken_at: datetime
    despatched: bool
    """Told at despatch, which tells everything that was known of the lot by then."""
    topic: str
    results: Stated


class Allocated(NamedTuple):
    """What of a lot is meant for one shipment."""

    since: datetime
    dry_kg: Decimal


@dataclass(slots=True)
class LotLife:
    """What the facts say of one lot, whichever of them come first."""

    id: str
    birth: Born | None = None
    children: dict[str, Decimal] = field(default_factory=dict)
    """Lot made from this one → the share of it that this one brought."""
    shipments: dict[str, Allocated] = field(default_factory=dict)
    holds: Holds = field(default_factory=dict)
    latest: Assayed | None = None
    despatch: tuple[str, Stated] | None = None
    """Topic and book results of its first despatch."""

    def assayed(self, assay: Assayed) -> None:
        """A sample's results; of two samples taken at once, those told later in one topic."""
        if self.latest is None or assay[:3] >= self.latest[:3]:
            self.latest = assay

    def despatched(self, topic: str, book: Stated) -> None:
        """Left one service for another."""
        if self.despatch is None or topic < self.despatch[0]:
            self.despatch = topic, book

    @property
    def grades(self) -> Grades:
        """On dry basis: of its latest sample, else as its birth states them, else as its despatch does."""
        own = self.latest.results.grades if self.latest is not None else {}
        return own or self._book.grades

    @property
    def _book(self) -> Stated:
        if self.birth is not None and self.birth.book is not None:
            return self.birth.book
        return NOTHING_STATED if self.despatch is None else self.despatch[1]


@dataclass(slots=True)
class ShipmentLife:
    """What the facts say of one shipment."""

    lots: dict[str, Decimal] = field(default_factory=dict)
    """Lot → dry kg allocated."""
    cleared: bool = False
    sailed: str | None = None
    recalls: Holds = field(default_factory=dict)

    @property
    def state(self) -> str:
        """In a word or two."""
        return self.sailed or ("cleared" if self.cleared else "not cleared")
