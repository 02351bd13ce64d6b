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
    plants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def figure(self, name: str) -> Decimal:
        """A figure's value; its unit stands in its name. Raises KeyError for one the table lacks."""
        return self.figures[name].value

    def batch_tolerance(self, plant_id: str | None = None) -> ToleranceRule:
        """τ's cap for a batch, as its plant has it, and how often an honest batch may be quarantined."""
        plant = self.plants.get(plant_id or "", {})
        caps = {name: Decimal(str(cap)) for name, cap in plant.get("cap_pct_by_component", {}).items()}
        cap = Decimal(str(plant.get("batch_cap_pct", self.figure("batch_cap_pct"))))
        return ToleranceRule(cap, self.figure("false_alarm_pct"), caps)


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
    dated = rulefiles.read_dated("orestream.lots", directory)
    try:
        return Tables(tuple(_table(rules) for rules in dated))
    except (KeyError, ArithmeticError) as error:
        raise UnreadableRulesError(f"the rule tables lack or misstate {error}") from error


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
        plants=content.get("plants", {}),
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


def _decimals(stated: Mapping[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in stated.items()}
