"""Reads export's dated rule files into what the gates ask for; an operator's files go over them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from orestream.export.domain.figures import (
    ArsenicRules,
    ExportRules,
    ExportTables,
    PaperRules,
    PaperSet,
    RadioactivityRules,
)
from orestream.lots import rulefiles, tables
from orestream.lots.rulefiles import DatedRules, UnreadableRulesError
from orestream.lots.tables import Figure


def load(directory: Path | None = None) -> ExportTables:
    """The packages' tables, export's and the common ones, with an operator's files over both.

    Raises:
        UnreadableRulesError: naming what is missing or cannot be read.
    """
    dated = rulefiles.read_dated("orestream.export", directory)
    return ExportTables(tuple(_rules(rules) for rules in dated), tables.load(directory))


def _rules(rules: DatedRules) -> ExportRules:
    content = rules.content
    try:
        return ExportRules(
            effective_from=rules.effective_from,
            version=rules.version,
            figures=tables.figures(content),
            arsenic=_arsenic(content["arsenic"]),
            radioactivity=_radioactivity(content["radioactivity"]),
            papers=_papers(content["papers"]),
            entry={country: _words(stated["contents"]) for country, stated in content["entry"].items()},
            commodities=_words(content["licences"]["commodities"]),
        )
    except (KeyError, ArithmeticError) as error:
        raise UnreadableRulesError(
            f"export's rules of {rules.effective_from} lack or misstate {error}"
        ) from error


def _arsenic(stated: Mapping[str, Any]) -> ArsenicRules:
    return ArsenicRules(frozenset(stated["flags"]), stated["declaration"])


def _radioactivity(stated: Mapping[str, Any]) -> RadioactivityRules:
    return RadioactivityRules(
        flags=frozenset(stated["flags"]),
        papers=stated["papers"],
        licence=stated["licence"],
        licence_countries=frozenset(stated["licence_countries"]),
        unprocessed_stages=frozenset(stated["unprocessed_stages"]),
        exemption={
            state: {nuclide: _figure(figure) for nuclide, figure in nuclides.items()}
            for state, nuclides in stated["exemption"].items()
        },
        specific_activity={
            element: (figure["nuclide"], _figure(figure))
            for element, figure in stated["specific_activity"].items()
        },
    )


def _papers(stated: Mapping[str, Any]) -> PaperRules:
    kinds: Mapping[str, str] = stated["kinds"]
    sets = tuple(_paper_set(name, paper_set) for name, paper_set in stated["sets"].items())
    asked = {kind for paper_set in sets for papers in paper_set.asked.values() for kind in papers}
    for kind in sorted((asked | set(stated["where_dangerous"].values())) - kinds.keys()):
        raise UnreadableRulesError(f"the paper {kind} is asked for, and is not among the kinds of papers")
    return PaperRules(kinds, stated["where_dangerous"], sets)


def _paper_set(name: str, stated: Mapping[str, Any]) -> PaperSet:
    return PaperSet(
        name=name,
        materials=frozenset(stated["materials"]),
        modes=frozenset(stated["modes"]),
        from_country=stated["from"],
        to_country=stated["to"],
        asked={"clearance": tuple(stated["clearance"]), "loading": tuple(stated["loading"])},
        source=stated["source"],
        unverified=stated.get("unverified", False),
    )


def _figure(stated: Mapping[str, Any]) -> Figure:
    return Figure(Decimal(stated["value"]), stated["unit"], stated["source"], stated.get("unverified", False))


def _words(stated: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(words) for name, words in stated.items()}
