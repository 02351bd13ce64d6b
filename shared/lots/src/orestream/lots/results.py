"""A lot's results on a dry basis: the assay that counts at a time, or else the book."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from orestream.contracts.decision import World
from orestream.contracts.parts import Assay, Result
from orestream.lots.state import ASSAYS, Assays, Expected, InStock
from orestream.metallurgy.grades import Censored, Grade, Measured, on_dry_basis, parse
from orestream.metallurgy.quantities import ZERO

SIGMA_STEP = Decimal("1e-9")
"""Decimals on the wire have nine places at most."""


@dataclass(frozen=True, slots=True)
class DryResults:
    """Results on a dry basis and the certificates they rest on."""

    results: tuple[Result, ...] = ()
    certificates: tuple[str, ...] = ()

    @property
    def grades(self) -> dict[str, Measured]:
        """By analyte, as the arithmetic takes them."""
        return grades_of(self.results)


def assays_known(world: World, lot_id: str, at: datetime | None = None) -> tuple[Assay, ...]:
    """The assays of a lot recorded until `at` (all when None), by when their samples were taken."""
    state = world.get(ASSAYS, lot_id)
    on_file = state.on_file if isinstance(state, Assays) else ()
    return tuple(assay for assay in on_file if at is None or assay.occurred_at <= at)


def results_at(world: World, lot: InStock | Expected, at: datetime) -> DryResults:
    """The assay latest by sampling among those recorded until `at`, or else the lot's book results."""
    known = assays_known(world, lot.id, at)
    if not known:
        return DryResults(lot.results, lot.certificates)
    return of_assay(known[-1])


def of_assay(assay: Assay) -> DryResults:
    """An assay's results on a dry basis, with its own sample's moisture."""
    results = dry_results(assay.results, assay.basis, assay.moisture_pct)
    return DryResults(results, (assay.certificate.number,))


def dry_results(results: Iterable[Result], basis: str, moisture_pct: Decimal | None) -> tuple[Result, ...]:
    """Results on a dry basis; those that are stay as they were printed."""
    if basis == "dry":
        return tuple(results)
    moisture = moisture_pct if moisture_pct is not None else ZERO
    return results_of({r.analyte: on_dry_basis(_measured(r), "as-received", moisture) for r in results})


def grades_of(results: Iterable[Result]) -> dict[str, Measured]:
    """Results as the arithmetic takes them, by analyte."""
    return {result.analyte: _measured(result) for result in results}


def results_of(grades: Mapping[str, Measured]) -> tuple[Result, ...]:
    """Calculated grades as a message states them."""
    return tuple(_stated(analyte, grade) for analyte, grade in grades.items())


def _measured(result: Result) -> Measured:
    return parse(result.value, result.unit, result.sigma)


def _stated(analyte: str, measured: Measured) -> Result:
    match measured:
        case Grade(value, unit, sigma):
            stated = None if sigma is None else sigma.quantize(SIGMA_STEP)
            return Result(analyte=analyte, value=format(value, "f"), unit=unit, sigma=stated)
        case Censored(limit, unit):
            return Result(analyte=analyte, value=f"<{limit:f}", unit=unit)
