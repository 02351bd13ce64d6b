"""The dated rule tables: materials, stages, analytes, and the figures that laws and contracts set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from orestream.lots import rulefiles
from orestream.lots.rulefiles import DatedRules, UnreadableRulesError
from orestream.metallurgy.balance import ToleranceRule

StageKind = Literal["physical", "chemical"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that somebody has set, and who."""

    value: Decimal
    unit: str
    source: str
    unverified: bool = False


@dataclass(frozen=True, slots=True)
class MaterialRules:
    """What the table says of one material."""

    name: str
    tracked: tuple[str, ...]
    hs6: tuple[str, ...]
    flags: frozenset[str]
    """`antimony-sulphide`, `antimony-oxide`, `ree`, `radioactive`, `by-stage`."""
    ceilings: Mapping[str, Decimal]
    """Analyte → the most that can be in it, % of dry mass, where no mineral below is declared."""
    ceilings_by_mineral: Mapping[str, Mapping[str, Decimal]]
    source: str
    unverified: bool = False

    def ceiling(self, analyte: str, mineral: str | None) -> Decimal | None:
        """The most of an analyte, % of dry mass, given the declared mineral; None where there is none."""
        by_mineral = self.ceilings_by_mineral.get(mineral or "", {})
        return by_mineral.get(analyte, self.ceilings.get(analyte))


@dataclass(frozen=True, slots=True)
class AnalyteRules:
    """How an analyte counts in the sum of a certificate (R05)."""

    name: str
    within: tuple[str, ...] = ()
    """Analytes that already contain it: where one of them is stated, it is not added again."""
    summed: bool = True


@dataclass(frozen=True, slots=True)
class PlantRules:
    """A plant's own caps, % of what went in, and its instruments' standard uncertainties."""

    batch_cap_pct: Decimal | None = None
    cap_pct_by_component: Mapping[str, Decimal] = field(default_factory=dict)
    scale_sigma_pct: Decimal | None = None
    """Of the mass weighed, %."""
    moisture_sigma_pct: Decimal | None = None
    """Points of %."""


@dataclass(frozen=True, slots=True)
class RuleTable:
    """All that holds from one day on."""

    effective_from: date
    version: str
    materials: Mapping[str, MaterialRules]
    stages: Mapping[str, StageKind]
    analytes: Mapping[str, AnalyteRules]
    units: frozenset[str]
    roles: frozenset[str]
    bases: frozenset[str]
    figures: Mapping[str, Figure]
    plants: Mapping[str, PlantRules] = field(default_factory=dict)

    def figure(self, name: str) -> Decimal:
        """A figure's value; its unit stands in its name. Raises KeyError for one the table lacks."""
        return self.figures[name].value

    def plant(self, plant_id: str | None) -> PlantRules:
        """What is a plant's own; nothing for one that the table does not name."""
        return self.plants.get(plant_id or "", PlantRules())

    def batch_tolerance(self, plant_id: str | None = None) -> ToleranceRule:
        """τ's cap for a batch, as its plant has it, and how often an honest batch may be quarantined."""
        plant = self.plant(plant_id)
        cap = plant.batch_cap_pct if plant.batch_cap_pct is not None else self.figure("batch_cap_pct")
        return ToleranceRule(cap, self.figure("false_alarm_pct"), plant.cap_pct_by_component)


@dataclass(frozen=True, slots=True)
class Tables:
    """Every rule table, oldest first."""

    tables: tuple[RuleTable, ...]

    def at(self, time: datetime) -> RuleTable:
        """The table in force at a time; the oldest for times before it."""
        return rulefiles.at(self.tables, time)


def load(directory: Path | None = None) -> Tables:
    """The package's tables, with an operator's files over them.

    Raises:
        UnreadableRulesError: naming what is missing or cannot be read.
    """
    return Tables(tuple(_checked(rules) for rules in rulefiles.read_dated("orestream.lots", directory)))


def _checked(rules: DatedRules) -> RuleTable:
    try:
        return _table(rules)
    except (KeyError, TypeError, AttributeError, ArithmeticError) as error:
        raise UnreadableRulesError(f"the rules of {rules.version} lack or misstate {error!r}") from error


def figures(content: Mapping[str, Any]) -> dict[str, Figure]:
    """The `[figures.…]` of a rule file."""
    return {
        name: Figure(
            Decimal(stated["value"]), stated["unit"], stated["source"], stated.get("unverified", False)
        )
        for name, stated in content.get("figures", {}).items()
    }


def _table(rules: DatedRules) -> RuleTable:
    content = rules.content
    return RuleTable(
        effective_from=rules.effective_from,
        version=rules.version,
        materials={name: _material(name, stated) for name, stated in content["materials"].items()},
        stages={name: kind for kind in ("physical", "chemical") for name in content["stages"][kind]["names"]},
        analytes={name: _analyte(name, stated) for name, stated in content["analytes"].items()},
        units=frozenset(content["words"]["units"]),
        roles=frozenset(content["words"]["roles"]),
        bases=frozenset(content["words"]["bases"]),
        figures=figures(content),
        plants={name: _plant(stated) for name, stated in content.get("plants", {}).items()},
    )


def _material(name: str, stated: Mapping[str, Any]) -> MaterialRules:
    return MaterialRules(
        name=name,
        tracked=tuple(stated["tracked"]),
        hs6=tuple(stated["hs6"]),
        flags=frozenset(stated.get("flags", ())),
        ceilings=_decimals(stated.get("ceilings", {})),
        ceilings_by_mineral={
            mineral: _decimals(ceilings) for mineral, ceilings in stated.get("by_mineral", {}).items()
        },
        source=stated["source"],
        unverified=stated.get("unverified", False),
    )


def _analyte(name: str, stated: Mapping[str, Any]) -> AnalyteRules:
    return AnalyteRules(name, tuple(stated.get("within", ())), stated.get("summed", True))


def _plant(stated: Mapping[str, Any]) -> PlantRules:
    names = ("batch_cap_pct", "scale_sigma_pct", "moisture_sigma_pct")
    own = {name: Decimal(stated[name]) for name in names if name in stated}
    return PlantRules(cap_pct_by_component=_decimals(stated.get("cap_pct_by_component", {})), **own)


def _decimals(stated: Mapping[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in stated.items()}
