"""What the gates ask for, as the dated rule tables state it: export's own beside the common ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from orestream.lots import rulefiles
from orestream.lots.tables import Figure, RuleTable, Tables

PaperStep = Literal["clearance", "loading"]
ANY = "*"


@dataclass(frozen=True, slots=True)
class ArsenicRules:
    """Which materials can be UN 1549, and the paper that lets them sail as such (R15)."""

    flags: frozenset[str]
    declaration: str


@dataclass(frozen=True, slots=True)
class RadioactivityRules:
    """Which materials are asked for their radioactivity, and what it is held against (R14)."""

    flags: frozenset[str]
    papers: str
    licence: str
    licence_countries: frozenset[str]
    unprocessed_stages: frozenset[str]
    exemption: Mapping[str, Mapping[str, Figure]]
    """State (`natural`, `cracked`) → nuclide → e, the exemption value."""
    specific_activity: Mapping[str, tuple[str, Figure]]
    """Element → the nuclide that is measured for it, and that nuclide's Bq per g of the element."""


@dataclass(frozen=True, slots=True)
class PaperSet:
    """The papers that one route asks for (R18)."""

    name: str
    materials: frozenset[str]
    modes: frozenset[str]
    from_country: str
    to_country: str
    asked: Mapping[PaperStep, tuple[str, ...]]
    source: str
    unverified: bool

    def fits(self, material: str, mode: str, from_country: str, to_country: str) -> bool:
        """Whether a cargo on this route is under this set."""
        return (
            not self.materials.isdisjoint({ANY, material})
            and mode in self.modes
            and self.from_country in {ANY, from_country}
            and self.to_country in {ANY, to_country}
        )


@dataclass(frozen=True, slots=True)
class PaperRules:
    """Every kind of paper there is, and which are asked for where."""

    kinds: Mapping[str, str]
    where_dangerous: Mapping[str, str]
    """Kind → the kind that stands in its place for a cargo classified as dangerous goods."""
    sets: tuple[PaperSet, ...]


@dataclass(frozen=True, slots=True)
class ExportRules:
    """All that export's own rule files state from one day on."""

    effective_from: date
    version: str
    figures: Mapping[str, Figure]
    arsenic: ArsenicRules
    radioactivity: RadioactivityRules
    papers: PaperRules
    entry: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Country of destination → material → analytes whose contents its entry asks for."""
    commodities: Mapping[str, tuple[str, ...]]
    """Mined material → the words of a licence that cover it."""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Both tables at one time."""

    common: RuleTable
    own: ExportRules

    @property
    def version(self) -> str:
        """Names both where they are not of one day."""
        if self.own.version == self.common.version:
            return self.own.version
        return f"{self.common.version}+export-{self.own.version}"

    def figure(self, name: str) -> Decimal:
        """A figure's value, export's own first. Raises KeyError for one that no table has."""
        return self.own.figures[name].value if name in self.own.figures else self.common.figure(name)

    def flagged(self, material: str, flags: frozenset[str]) -> bool:
        """Whether the table of materials puts one of these flags on a material."""
        known = self.common.materials.get(material)
        return known is not None and not flags.isdisjoint(known.flags)


@dataclass(frozen=True, slots=True)
class ExportTables:
    """Every dated table of export's and the common ones, oldest first."""

    own: tuple[ExportRules, ...]
    common: Tables

    def at(self, time: datetime) -> Rulebook:
        """What holds at a time."""
        return Rulebook(self.common.at(time), rulefiles.at(self.own, time))
