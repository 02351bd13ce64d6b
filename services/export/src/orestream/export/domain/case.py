"""What a gate judges: a shipment at one step, with everything that is known of its cargo at that time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from orestream.contracts.parts import Origin
from orestream.contracts.shipments import CargoClassified, DocumentAttached, ScreeningRecorded, TestRecorded
from orestream.export.domain.contract import Contract
from orestream.export.domain.figures import Rulebook
from orestream.export.domain.provenance import Source
from orestream.export.domain.shipment import Shipment
from orestream.metallurgy.grades import Measured

Step = Literal["allocate", "stuff", "clear", "dispatch"]


@dataclass(frozen=True, slots=True)
class Cargo:
    """One lot as cargo: how much of it this step is about, and what is on file of it."""

    lot_id: str
    material: str
    wet_kg: Decimal
    dry_kg: Decimal
    dry_kg_by_contract: Mapping[str, Decimal]
    origins: tuple[Origin, ...]
    grades: Mapping[str, Measured]
    """On a dry basis, of the assay that counts at the time of the act, or else the lot's book."""
    certificates: tuple[str, ...]
    synthetic: bool = False
    stages: frozenset[str] = frozenset()
    """Every stage that it, or anything it was made of, has been through."""
    classification: CargoClassified | None = None
    radioactivity: TestRecorded | None = None


@dataclass(frozen=True, slots=True)
class Dug:
    """A lot out of the ground that the cargo was made of."""

    lot_id: str
    source_id: str
    material: str
    mined_at: datetime
    given_wet_kg: Decimal
    """All that the source had given by then, this lot included."""


@dataclass(frozen=True, slots=True)
class Case:
    """A shipment before the gates of one step."""

    step: Step
    at: datetime
    shipment: Shipment
    contracts: Mapping[str, Contract]
    cargo: tuple[Cargo, ...]
    rules: Rulebook
    dug: tuple[Dug, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    imo: str | None = None
    """The vessel's, at dispatch."""

    @property
    def whole(self) -> bool:
        """Whether it is about all that will sail, so that a gate that passes has nothing left to ask."""
        return self.step == "dispatch" or {cargo.lot_id for cargo in self.cargo} >= set(self.shipment.lots)

    def paper(self, kind: str) -> DocumentAttached | None:
        """The latest paper of a kind, if it is still good."""
        papers = [paper for paper in self.shipment.documents if paper.kind == kind]
        return papers[-1] if papers and self.is_good(papers[-1]) else None

    def is_good(self, paper: DocumentAttached) -> bool:
        """Whether a paper has not expired: it is good through its last day, UTC."""
        return paper.expires_on is None or self.at.astimezone(UTC).date() <= paper.expires_on

    @property
    def screenings(self) -> tuple[ScreeningRecorded, ...]:
        """Those that are current at the time of the act, oldest first."""
        current = (s for s in self.shipment.screenings if s.occurred_at <= self.at <= s.valid_until)
        return tuple(sorted(current, key=lambda screening: screening.occurred_at))
