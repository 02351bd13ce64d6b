"""What metal is in a lot, as the facts tell it: book results and certificates, on dry basis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from sys import intern
from typing import Literal, NamedTuple, cast

from orestream.cli.ledger import Ledger
from orestream.contracts.lots import LotAssayed, LotBlended, LotDespatched, LotSplit
from orestream.contracts.parts import Assay, Result
from orestream.contracts.processing import LotProduced
from orestream.metallurgy.compounds import ELEMENT_FRACTION
from orestream.metallurgy.grades import (
    PARTS_PER_ONE,
    Censored,
    Grade,
    Measured,
    contained_kg,
    on_dry_basis,
    parse,
)
from orestream.metallurgy.quantities import ZERO, kg

Grades = Mapping[str, Measured]


class Stated(NamedTuple):
    """Results as they were stated, small: text, and one value for all lots that have the same."""

    analytes: tuple[tuple[str, str], ...]
    """Analyte and unit."""
    values: tuple[str, ...]
    basis: str
    moisture_pct: str | None

    @classmethod
    def of(cls, results: Sequence[Result], basis: str = "dry", moisture_pct: Decimal | None = None) -> Stated:
        """These results, to be graded only when they are asked for."""
        return _shared(
            cls(
                _columns(tuple((one.analyte, one.unit) for one in results)),
                tuple(one.value for one in results),
                intern(basis),
                None if moisture_pct is None or basis == "dry" else str(moisture_pct),
            )
        )

    @property
    def grades(self) -> Grades:
        """By analyte, on dry basis."""
        return _grades(self)


NOTHING_STATED = Stated((), (), "dry", None)


def dry_grades(
    results: Iterable[Result], basis: str = "dry", moisture_pct: Decimal | None = None
) -> dict[str, Measured]:
    """Results by analyte on dry basis; `moisture_pct` is that of the sample or lot they belong to."""
    stated = cast("Literal['dry', 'as-received']", basis)
    moisture = ZERO if moisture_pct is None else moisture_pct
    return {r.analyte: on_dry_basis(parse(r.value, r.unit, r.sigma), stated, moisture) for r in results}


@lru_cache(maxsize=1024)
def _columns(analytes: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return analytes


@lru_cache(maxsize=4096)
def _shared(one: Stated) -> Stated:
    return one


@lru_cache(maxsize=1024)
def _grades(one: Stated) -> Grades:
    results = (
        Result(analyte=analyte, value=value, unit=unit)
        for (analyte, unit), value in zip(one.analytes, one.values, strict=True)
    )
    return dry_grades(results, one.basis, None if one.moisture_pct is None else Decimal(one.moisture_pct))


def element_kg(element: str, dry_kg: Decimal, grades: Grades) -> Decimal | None:
    """Unrounded kg of an element; read from its one stated form (Nd2O3 for Nd) where it is not stated itself.

    None where there is no number: not analysed, below detection, or an activity.
    """
    if dry_kg == 0:
        return ZERO
    grade = grades.get(element)
    factor = Decimal(1)
    if grade is None:
        forms = [
            (form, f) for (form, made), f in ELEMENT_FRACTION.items() if made == element and form in grades
        ]
        if len(forms) != 1:
            return None
        grade, factor = grades[forms[0][0]], forms[0][1]
    if not isinstance(grade, Grade) or grade.unit not in PARTS_PER_ONE:
        return None
    return contained_kg(dry_kg, grade) * factor


def metals_kg(dry_kg: Decimal, grades: Grades) -> dict[str, Decimal]:
    """Analyte → kg in a dry mass, three decimals, of every analyte with a number."""
    return {
        name: kg(contained_kg(dry_kg, grade))
        for name, grade in grades.items()
        if not isinstance(grade, Censored) and grade.unit in PARTS_PER_ONE
    }


@dataclass(frozen=True, slots=True)
class AssayBook:
    """Everything laboratories and batches have said of the lots' grades."""

    book: Mapping[str, Grades] = field(default_factory=dict)
    """Lot → the results it was born with."""
    certificates: Mapping[tuple[str, str], Grades] = field(default_factory=dict)
    """(lot, number of the certificate) → its results."""

    def of(self, lot_id: str, certificate: str | None) -> Grades:
        """The grades that a certificate states of a lot.

        The book's where none is named, or one of another lot: on that the book's results rest.
        """
        own = None if certificate is None else self.certificates.get((lot_id, certificate))
        return self.book.get(lot_id, {}) if own is None else own

    def known(self, lot_id: str, certificate: str | None) -> list[Grades]:
        """The certificate's grades; where none is named, all that were ever stated of the lot."""
        if certificate is not None:
            return [self.of(lot_id, certificate)]
        stated = [grades for (lot, _), grades in self.certificates.items() if lot == lot_id]
        return [*stated, self.book.get(lot_id, {})]


def assay_book(ledger: Ledger) -> AssayBook:
    """The grades of every lot in the ledger."""
    book: dict[str, Grades] = {}
    for born in ledger.of(LotProduced, LotSplit, LotBlended):
        fact = born.message
        book[fact.lot_id] = dry_grades(fact.results, fact.basis, fact.moisture_pct)
    for despatch in ledger.of(LotDespatched):
        book.setdefault(despatch.message.lot_id, dry_grades(despatch.message.results))
    assays = sorted(_assays(ledger), key=lambda pair: pair[1].sample.taken_at)
    return AssayBook(book, {(lot, assay.certificate.number): _assayed(assay) for lot, assay in assays})


def _assays(ledger: Ledger) -> Iterator[tuple[str, Assay | LotAssayed]]:
    for entry in ledger.of(LotAssayed):
        yield entry.message.lot_id, entry.message
    for despatch in ledger.of(LotDespatched):
        for assay in despatch.message.assays:
            yield despatch.message.lot_id, assay


def _assayed(assay: Assay | LotAssayed) -> Grades:
    return dry_grades(assay.results, assay.basis, assay.moisture_pct)
