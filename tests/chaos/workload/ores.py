"""The two lines of ore that the workload digs, and the sources they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.chaos.workload.measures import grade

_DISTRICTS = (
    ("Khyber Pakhtunkhwa", "35.85", "71.79"),
    ("Balochistan", "29.12", "62.05"),
    ("Gilgit-Baltistan", "35.92", "74.31"),
    ("Azad Kashmir", "34.37", "73.47"),
    ("Sindh", "24.86", "70.24"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One ore, and what is made of it."""

    ore: str
    mineral: str
    concentrate: str
    metal: str
    hs_code: str
    feed_ppm: tuple[int, int]
    """Between which grades it is mined."""
    rich_ppm: tuple[int, int]
    """Between which grades the concentrate comes out."""
    arsenic_ppm: tuple[int, int]
    entry: tuple[tuple[str, str], ...] = ()
    """What else the buyer's country asks for, as the laboratory finds it in percent."""


ANTIMONY = Line(
    "antimony-ore",
    "stibnite",
    "stibnite-concentrate",
    "Sb",
    "261710",
    (38_000, 60_000),
    (550_000, 620_000),
    (300, 500),
    (("Pb", "0.15"),),
)
COPPER = Line(
    "copper-ore",
    "chalcopyrite",
    "copper-concentrate",
    "Cu",
    "260300",
    (8_000, 20_000),
    (240_000, 300_000),
    (50, 110),
    (("Pb", "0.30"), ("Zn", "0.85"), ("Ag", "0.0060"), ("Au", "<0.0001")),
)
LINES = (ANTIMONY, COPPER)


@dataclass(frozen=True, slots=True)
class Source:
    """A licensed place in a district."""

    id: str
    line: Line
    operator: str
    owners: tuple[tuple[str, int], ...]
    district: int

    @property
    def names(self) -> tuple[str, ...]:
        """Whom a screening of its lots has to cover."""
        return (self.id, *(name for name, _ in self.owners))

    def fields(self) -> dict[str, Any]:
        """What is said of it when it is registered."""
        region, lat, lon = _DISTRICTS[self.district]
        return {
            "source_id": self.id,
            "name": f"Synthetic {self.line.mineral} mine {self.id}",
            "country": "PK",
            "region": region,
            "licence": {
                "number": f"LIC-{self.id}",
                "holder": self.operator,
                "issued_by": "Mines and Minerals Department",
                "valid_from": "2025-01-01",
                "expires_on": "2045-06-30",
                "commodities": [self.line.metal],
            },
            "operator": self.operator,
            "owners": [
                {"name": name, "country": "PK", "share_pct": str(share)} for name, share in self.owners
            ],
            "location": {"lat": lat, "lon": lon},
            "resource_class": "inferred",
            "artisanal": self.district == 0,
            "synthetic": True,
        }


def new_source(id_: str, number: int, chance: Random) -> Source:
    """The next source: the lines take turns, and so do the districts."""
    share = chance.choice((100, 75, 60))
    operator = f"Synthetic Cooperative {number % 40}"
    owners = ((operator, share),) if share == 100 else ((operator, share), ("Synthetic Holding", 100 - share))
    return Source(id_, LINES[number % len(LINES)], operator, owners, number % len(_DISTRICTS))


@dataclass(slots=True)
class Lot:
    """A lot as the generator believes it to be; whoever draws on it writes it down here."""

    id: str
    line: Line
    material: str
    sources: tuple[Source, ...]
    moisture: int
    dry_g: int
    """What is left."""
    metal_ppm: int
    arsenic_ppm: int
    seal: str = ""
    """Of the latest sample."""


def results(lot: Lot, *, whole: bool = False) -> Sequence[dict[str, str]]:
    """What a laboratory finds in it; `whole` with all that an entry asks for."""
    found = [
        {"analyte": lot.line.metal, "value": grade(lot.metal_ppm), "unit": "%", "sigma": "0.05"},
        {"analyte": "As", "value": grade(lot.arsenic_ppm), "unit": "%", "sigma": "0.0020"},
    ]
    more = lot.line.entry if whole else ()
    return [*found, *({"analyte": name, "value": value, "unit": "%"} for name, value in more)]
