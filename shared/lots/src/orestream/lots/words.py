"""Names that come from the tables: a message that states another one is refused (R01)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from orestream.contracts.decision import Refused
from orestream.contracts.parts import Result
from orestream.lots.rules import R01, refused
from orestream.lots.tables import RuleTable


def check_material(material: str, rules: RuleTable) -> Refused | None:
    """The table of materials knows it."""
    return check_known("material", material, rules.materials)


def check_basis(basis: str, rules: RuleTable) -> Refused | None:
    """Dry or as received."""
    return check_known("basis", basis, rules.bases)


def check_results(results: Iterable[Result], rules: RuleTable) -> Refused | None:
    """Analytes and units are known, each analyte stands once, no uncertainty is negative."""
    seen: set[str] = set()
    for result in results:
        wrong = check_known("analyte", result.analyte, rules.analytes) or check_known(
            "unit", result.unit, rules.units
        )
        if wrong is not None:
            return wrong
        if result.analyte in seen:
            why = f"{result.analyte} is stated twice; one result per analyte and certificate"
            return refused(R01, why, analyte=result.analyte)
        if result.sigma is not None and result.sigma < 0:
            why = f"{result.analyte} has an uncertainty of {result.sigma}; it is not negative"
            return refused(R01, why, analyte=result.analyte, sigma=result.sigma)
        seen.add(result.analyte)
    return None


def check_known(what: str, name: str, known: Collection[str]) -> Refused | None:
    """A name that the table has; otherwise the nearest ones are offered."""
    if name in known:
        return None
    near = get_close_matches(name, sorted(known), n=3)
    hint = f"; did you mean {' or '.join(near)}?" if near else f"; known are {', '.join(sorted(known)[:20])}"
    return refused(R01, f"{what} {name!r} is not in the rule table{hint}", **{what: name})
