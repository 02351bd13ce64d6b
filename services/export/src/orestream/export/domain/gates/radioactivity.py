"""R14: the radioactivity of rare earths and flagged ore, as a cargo (Class 7) and as source material.

Index = Σ Aᵢ ÷ (10 · eᵢ) over the nuclides measured (49 CFR 173.401(b)(4)): an untouched ore is in
equilibrium and has two, a cracked one is measured nuclide by nuclide. A detection limit counts as if
it were reached.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from orestream.contracts.shipments import Gate, TestRecorded
from orestream.export.domain.case import Cargo, Case
from orestream.export.domain.figures import RadioactivityRules
from orestream.export.domain.gates.judged import Finding, StandingGate, judged, percent
from orestream.metallurgy.quantities import ZERO, exactly

_PLACES = Decimal("0.0001")


def judge(case: Case) -> Gate:
    """What is missing holds; an index above one without Class 7 papers blocks."""
    return judged("R14", _findings(case), "no rare earths or flagged ore in the cargo")


def _findings(case: Case) -> Iterator[Finding]:
    rules = case.rules.own.radioactivity
    for cargo in case.cargo:
        flagged = case.rules.flagged(cargo.material, rules.flags)
        if flagged or cargo.radioactivity is not None:
            yield _as_cargo(case, cargo)
        if flagged or not {"Th", "U"}.isdisjoint(cargo.grades):
            yield from _as_source_material(case, cargo)


def _as_cargo(case: Case, cargo: Cargo) -> Finding:
    test = cargo.radioactivity
    if test is None:
        why = f"no radioactivity of {cargo.lot_id} on file: record a test"
        return Finding(why, missing=(f"{cargo.lot_id}: radioactivity",))
    exemption = case.rules.own.radioactivity.exemption[test.state or "natural"]
    measured = _activities(test)
    lacking = sorted(exemption.keys() - measured.keys())
    if lacking:
        why = f"{cargo.lot_id} was not tested for {', '.join(lacking)}"
        return Finding(why, missing=tuple(f"{cargo.lot_id}: {nuclide}" for nuclide in lacking))
    index = class_7_index(test, case.rules.own.radioactivity, case.rules.figure("natural_exemption_factor"))
    limit = case.rules.figure("class_7_index")
    why = f"Class 7 index of {cargo.lot_id} {index.quantize(_PLACES):f}, limit {limit}"
    if index <= limit:
        return Finding(why)
    papers = case.paper(case.rules.own.radioactivity.papers)
    if papers is not None:
        return Finding(f"{why}, declared as Class 7", (papers.number,))
    asked = case.rules.own.radioactivity.papers
    return Finding(f"{why}: attach a {asked}", missing=(asked,), blocks=True)


@exactly
def class_7_index(test: TestRecorded, rules: RadioactivityRules, factor: Decimal) -> Decimal:
    """Σ activity ÷ (factor · exemption value) over the nuclides that the table names."""
    exemption = rules.exemption[test.state or "natural"]
    measured = _activities(test)
    parts = (measured[n] / (factor * e.value) for n, e in exemption.items() if n in measured)
    return sum(parts, ZERO)


def _as_source_material(case: Case, cargo: Cargo) -> Iterator[Finding]:
    """Uranium and thorium for a receiver who needs a licence for them, unless the ore is unprocessed."""
    rules = case.rules.own.radioactivity
    if case.shipment.to_country not in rules.licence_countries or cargo.stages <= rules.unprocessed_stages:
        return
    contents = {element: _content(case, cargo, element) for element in rules.specific_activity}
    lacking = tuple(element for element, content in contents.items() if content is None)
    if lacking:
        missing = tuple(f"{cargo.lot_id}: {element}" for element in lacking)
        yield Finding(f"no {' and '.join(lacking)} content of {cargo.lot_id} on file", missing=missing)
        return
    total = sum((content for content in contents.values() if content is not None), ZERO)
    limit = case.rules.figure("source_material_pct")
    what = f"{' + '.join(contents)} {total.quantize(_PLACES):f} % in {cargo.lot_id}"
    why = f"{what}, source material from {limit} %"
    licence = case.paper(rules.licence)
    if total < limit:
        yield Finding(why, cargo.certificates)
    elif licence is not None:
        yield Finding(f"{why}, licensed", (*cargo.certificates, licence.number))
    else:
        yield Finding(f"{why}: attach the receiver's {rules.licence}", cargo.certificates, (rules.licence,))


@exactly
def _content(case: Case, cargo: Cargo, element: str) -> Decimal | None:
    """% of the dry mass: as assayed, or else worked out from the activity of its nuclide."""
    assayed = cargo.grades.get(element)
    content = percent(assayed) if assayed is not None else None
    if content is not None:
        return content
    nuclide, per_gram = case.rules.own.radioactivity.specific_activity[element]
    measured = {} if cargo.radioactivity is None else _activities(cargo.radioactivity)
    return measured[nuclide] / per_gram.value * 100 if nuclide in measured else None


def _activities(test: TestRecorded) -> dict[str, Decimal]:
    return {a.nuclide: Decimal(a.value.lstrip("<")) for a in test.activities}


GATE = StandingGate("R14", frozenset({"stuff", "clear", "dispatch"}), judge)
