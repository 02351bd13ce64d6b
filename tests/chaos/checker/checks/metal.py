"""Element by element, where the facts allow: metal in and out of every batch, recomputed from results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.chaos.checker.derived import services
from tests.chaos.checker.evidence import FACT_TOPICS, Evidence
from tests.chaos.checker.masses import GRAM, NOTHING, kg
from tests.chaos.checker.verdicts import Findings, Verdict

PER_ONE = {"%": Decimal(100), "g/t": Decimal(10**6), "ppm": Decimal(10**6)}
FORMS = {
    "Sb": {"Sb2O3": Decimal("0.83535"), "Sb2S3": Decimal("0.71687")},
    "Nd": {"Nd2O3": Decimal("0.85736")},
    "Pr": {"Pr6O11": Decimal("0.82770"), "Pr2O3": Decimal("0.85447")},
    "Cu": {"CuFeS2": Decimal("0.34628")},
}
"""Element → the forms it is stated in, and its mass in one of each, from standard atomic weights."""
ROUNDING = 2 * GRAM
"""Sums are stated to the gram; their differences may be off by one more."""

Grades = Mapping[str, Decimal | None]
"""Analyte → part of the dry mass; None where it is below detection, or no mass."""


@dataclass(slots=True)
class _Papers:
    book: dict[str, Grades] = field(default_factory=dict)
    """Lot → the results it was born or despatched with."""
    assayed: dict[tuple[str, str], Grades] = field(default_factory=dict)
    """Lot and number of the certificate → its results."""

    def of(self, lot: str, certificate: str | None) -> Grades:
        own = self.assayed.get((lot, certificate)) if certificate else None
        return self.book.get(lot, {}) if own is None else own


def metal_is_conserved(evidence: Evidence) -> Verdict:
    """Each balance states the metal that its certificates and results give, and in − out as unaccounted."""
    found = Findings("metal-is-conserved")
    own = {evidence.run.source(service) for service in services(evidence)}
    papers = _Papers()
    batches: list[tuple[str, Any]] = []
    sailed: list[tuple[str, Any]] = []
    for record in evidence.of(*FACT_TOPICS):
        if record.type in _FILED or (record.type in (_BATCH, _SAILED) and record.source in own):
            try:
                fact = record.content()
                if record.type in _FILED:
                    _file(papers, record.type, fact)
                else:
                    (batches if record.type == _BATCH else sailed).append((record.at, fact))
            except (ValueError, KeyError, TypeError, ArithmeticError) as error:
                if record.source in own:
                    found.add(f"{record.at}: cannot be read: {error!r}")
    for where, batch in batches:
        for element, line in batch["balance"].items():
            if element != "solids" and line.get("in_kg") is not None:
                found.examined += 1
                for wrong in _wrong(batch, element, line, papers):
                    found.add(f"{where}: {batch['batch_id']}: {wrong}")
    for where, shipment in sailed:
        for lot in shipment["lots"]:
            found.examined += len(lot["contained_kg"])
            for wrong in _wrong_cargo(lot, papers):
                found.add(f"{where}: {shipment['shipment_id']}: {wrong}")
    return found.verdict()


_BATCH = "orestream.batch.processed.v1"
_SAILED = "orestream.shipment.dispatched.v1"
_FILED = (
    "orestream.lot.produced.v1",
    "orestream.lot.split.v1",
    "orestream.lot.blended.v1",
    "orestream.lot.assayed.v1",
    "orestream.lot.despatched.v1",
)


def _file(papers: _Papers, type_: str, fact: Mapping[str, Any]) -> None:
    lot = fact["lot_id"]
    if type_ == "orestream.lot.assayed.v1":
        papers.assayed[lot, fact["certificate"]["number"]] = _grades(fact)
    elif type_ == "orestream.lot.despatched.v1":
        papers.book.setdefault(lot, _grades(fact))
        for assay in fact.get("assays", ()):
            papers.assayed[lot, assay["certificate"]["number"]] = _grades(assay)
    else:
        papers.book[lot] = _grades(fact)


def _grades(stated: Mapping[str, Any]) -> Grades:
    """Results on dry basis."""
    solids = Decimal(1)
    if stated.get("basis") == "as-received":
        solids = 1 - Decimal(stated["moisture_pct"]) / 100
    grades: dict[str, Decimal | None] = {}
    for result in stated.get("results") or ():
        value, unit = result["value"], result["unit"]
        grades[result["analyte"]] = (
            None
            if value.startswith("<") or unit not in PER_ONE
            else _dry(Decimal(value), solids) / PER_ONE[unit]
        )
    return grades


def _dry(value: Decimal, solids: Decimal) -> Decimal:
    return value if solids == 1 else (value / solids).quantize(Decimal("1e-10"))


def _wrong(batch: Mapping[str, Any], element: str, line: Mapping[str, Any], papers: _Papers) -> Iterator[str]:
    entered = _sum(element, [*_fed(batch, papers), *_brought(batch, element)])
    left = _sum(element, _made(batch, papers))
    if entered is None or left is None:
        yield f"{element} is balanced, though some stream has no number for it"
        return
    for name, computed in (("in_kg", entered), ("out_kg", left), ("unaccounted_kg", entered - left)):
        if line.get(name) is not None and abs(kg(line[name]) - computed) > ROUNDING:
            given = computed.quantize(GRAM)
            yield f"{element} {name[:-3]}: the facts give {given} kg, {line[name]} are stated"


def _wrong_cargo(lot: Mapping[str, Any], papers: _Papers) -> Iterator[str]:
    """The metal that sails is that of the certificate, or of any result of the lot where none is named."""
    name, certificate = lot["lot_id"], lot.get("certificate")
    of_lot = [grades for (one, _), grades in papers.assayed.items() if one == name]
    known = [papers.of(name, certificate)] if certificate else [*of_lot, papers.book.get(name, {})]
    for element, stated in lot["contained_kg"].items():
        possible = [kg(lot["dry_kg"]) * grade for one in known if (grade := one.get(element)) is not None]
        if not any(abs(mass - kg(stated)) <= GRAM for mass in possible):
            given = " or ".join(str(mass.quantize(GRAM)) for mass in possible) or "nothing"
            yield f"{name} holds {given} kg {element}, {stated} are stated"


def _fed(batch: Mapping[str, Any], papers: _Papers) -> Iterator[tuple[Decimal, Grades]]:
    for used in batch["inputs"]:
        yield kg(used["dry_kg"]), papers.of(used["lot_id"], used.get("certificate"))
    if batch.get("wip"):
        yield kg(batch["wip"]["opening"]["dry_kg"]), _grades(batch["wip"]["opening"])


def _brought(batch: Mapping[str, Any], element: str) -> Iterator[tuple[Decimal, Grades]]:
    """Reagents bring what their results say, and else none."""
    for reagent in batch.get("reagents", ()):
        grades = _grades(reagent)
        if _metal(element, kg(reagent["kg"]), grades) is not None:
            yield kg(reagent["kg"]), grades


def _made(batch: Mapping[str, Any], papers: _Papers) -> Iterator[tuple[Decimal, Grades]]:
    for output in batch["outputs"]:
        yield kg(output["dry_kg"]), papers.book.get(output["lot_id"], {})
    for loss in batch.get("losses", ()):
        yield kg(loss["dry_kg"]), _grades(loss)
    if batch.get("wip"):
        yield kg(batch["wip"]["closing"]["dry_kg"]), _grades(batch["wip"]["closing"])


def _sum(element: str, streams: Iterable[tuple[Decimal, Grades]]) -> Decimal | None:
    total = NOTHING
    for mass, grades in streams:
        metal = _metal(element, mass, grades)
        if metal is None:
            return None
        total += metal
    return total


def _metal(element: str, mass: Decimal, grades: Grades) -> Decimal | None:
    """Kg of an element in a dry mass, from itself or the one form it is stated in; None without a number."""
    if mass == 0:
        return NOTHING
    if element in grades:
        grade = grades[element]
        return None if grade is None else mass * grade
    forms = [form for form in FORMS.get(element, {}) if form in grades]
    grade = grades[forms[0]] if len(forms) == 1 else None
    return None if grade is None else mass * grade * FORMS[element][forms[0]]
