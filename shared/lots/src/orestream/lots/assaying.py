"""A certificate on a sealed sample of a lot: possible (R01, R05), new (R02), plausible (R06, R11)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from orestream.contracts.decision import Accepted, Decision, Refused, World
from orestream.contracts.lots import AssayLot, LotAssayed
from orestream.contracts.parts import Result
from orestream.lots.evolution import certificate_key
from orestream.lots.holding import quarantined, wait_for_lot
from orestream.lots.results import dry_results, grades_of
from orestream.lots.rules import R01, R02, R05, R06, R11, refused
from orestream.lots.state import CERTIFICATE, KIN, LOT, SEAL, Early, Kin, Lot
from orestream.lots.tables import RuleTable, Tables
from orestream.lots.telling import accepted
from orestream.lots.weighing import check_moisture
from orestream.lots.words import check_basis, check_results
from orestream.metallurgy.balance import Stream, balance
from orestream.metallurgy.grades import Grade, Measured, in_unit, sum_pct
from orestream.metallurgy.quantities import HUNDRED, kg


def assay(command: AssayLot, world: World, service: str, tables: Tables) -> Decision:
    """The assay is on file; results that cannot be true of this lot quarantine it."""
    rules = tables.at(command.occurred_at)
    wrong = _check_statement(command, rules)
    if wrong is not None:
        return wrong
    unknown = wait_for_lot(world, command.lot_id)
    if unknown is not None:
        return unknown
    wrong = (
        _check_sampled_after_birth(command, world)
        or _check_new(command, world)
        or check_sum(dry_results(command.results, command.basis, command.moisture_pct), rules)
    )
    if wrong is not None:
        return wrong
    facts = [_assayed(command)]
    doubt = _doubt(command, world, rules)
    if doubt is None:
        return Accepted(tuple(facts))
    rule, why = doubt
    held = [*facts, quarantined(command, command.lot_id, rule, why)]
    return accepted(world, service, held, command.occurred_at, rule=rule, message=why)


def check_sum(results: tuple[Result, ...], rules: RuleTable) -> Refused | None:
    """R05: no result is negative, and independent ones do not add up to more than the whole (dry)."""
    negative = [r.analyte for r in results if r.value.lstrip("<").startswith("-")]
    if negative:
        return refused(
            R05, f"{', '.join(negative)} is negative; a content is zero or more", analytes=negative
        )
    grades = grades_of(results)
    total = sum_pct(_independent(grades, rules))
    most = HUNDRED + rules.figure("assay_sum_tolerance_points")
    if total <= most:
        return None
    why = f"the independent results add up to {total.normalize():f} % of dry mass, more than {most} %"
    return refused(R05, why, sum_pct=total)


def above_ceiling(
    results: Iterable[Result], material: str, mineral: str | None, rules: RuleTable
) -> str | None:
    """R06: which grade (dry) is more than the declared mineral can hold, in words; None when none is."""
    known = rules.materials[material]
    for analyte, grade in grades_of(results).items():
        ceiling = known.ceiling(analyte, mineral)
        if ceiling is None or not isinstance(grade, Grade) or grade.unit == "Bq/g":
            continue
        percent = in_unit(grade, "%").value
        if percent > ceiling:
            of = mineral or material
            return f"{analyte} {percent.normalize():f} % of dry mass, but {of} holds {ceiling} % at most"
    return None


def _independent(grades: dict[str, Measured], rules: RuleTable) -> list[Measured]:
    stated = {name for name, grade in grades.items() if isinstance(grade, Grade)}
    return [
        grades[name]
        for name in stated
        if rules.analytes[name].summed and not stated & set(rules.analytes[name].within)
    ]


def _check_statement(command: AssayLot, rules: RuleTable) -> Refused | None:
    wrong = check_basis(command.basis, rules) or check_results(command.results, rules)
    if wrong is not None:
        return wrong
    if command.moisture_pct is not None:
        return check_moisture(command.moisture_pct)
    if command.basis == "as-received":
        why = (
            "results as received need the sample's own moisture to be put on a dry basis; state moisture_pct"
        )
        return refused(R01, why, basis=command.basis)
    return None


def _check_sampled_after_birth(command: AssayLot, world: World) -> Refused | None:
    kin: Kin | None = world.get(KIN, command.lot_id)
    if kin is None or kin.born_at is None or command.sample.taken_at >= kin.born_at:
        return None
    why = (
        f"sample {command.sample.id} was taken {command.sample.taken_at:%Y-%m-%d %H:%M} UTC,"
        f" before {command.lot_id} was there ({kin.born_at:%Y-%m-%d %H:%M} UTC)"
    )
    return refused(R01, why, sample=command.sample.id, taken_at=command.sample.taken_at.isoformat())


def _check_new(command: AssayLot, world: World) -> Refused | None:
    number, sample = command.certificate.number, command.sample
    known = world.get(CERTIFICATE, certificate_key(number, sample.id))
    if known is not None:
        why = f"certificate {number} of sample {sample.id} is on file already, for {known.lot_id}"
        return refused(R02, why, certificate=number, sample=sample.id)
    sealed = world.get(SEAL, sample.seal) if sample.seal is not None else None
    if sealed is not None:
        why = f"seal {sample.seal} was used already, for a sample of {sealed.lot_id}; a seal counts once"
        return refused(R02, why, seal=sample.seal)
    return None


def _doubt(command: AssayLot, world: World, rules: RuleTable) -> tuple[str, str] | None:
    lot: Lot | None = world.get(LOT, command.lot_id)
    assert lot is not None and not isinstance(lot, Early), "the lot was waited for"  # noqa: PT018 - one thought
    measured = dry_results(command.results, command.basis, command.moisture_pct)
    above = above_ceiling(measured, lot.material, lot.mineral, rules)
    if above is not None:
        return R06, f"{lot.id}: {above}"
    kin: Kin | None = world.get(KIN, lot.id)
    if kin is not None and kin.birth == "blended":
        differs = _off_the_book(kin.dry_kg, lot.results, measured, rules)
        if differs:
            return R11, f"{lot.id}: {', '.join(differs)} beyond tolerance of the sums of its parts"
    return None


def _off_the_book(
    dry: Decimal, book: Iterable[Result], measured: Iterable[Result], rules: RuleTable
) -> list[str]:
    """Elements whose measured metal differs from the sum of the parts beyond τ.

    Both grades are of one and the same mass, so its own uncertainty cancels: τ comes from those of the
    grades where they are known, and is the batch's cap otherwise.
    """
    no_sigma = kg(Decimal(0))
    booked, found = grades_of(book), grades_of(measured)
    both = [name for name in booked if name in found]
    streams = (Stream("input", dry, booked, no_sigma), Stream("product", dry, found, no_sigma))
    lines = balance(streams, "chemical", rules.batch_tolerance(), both).components
    return [
        f"{name} {line.out_kg} kg measured, {line.in_kg} kg by the book"
        for name, line in lines.items()
        if line.verdict in ("gain", "loss")
    ]


def _assayed(command: AssayLot) -> LotAssayed:
    basis = "dry" if command.basis == "dry" else "as-received"
    return LotAssayed(
        lot_id=command.lot_id,
        certificate=command.certificate,
        sample=command.sample,
        basis=basis,
        moisture_pct=command.moisture_pct,
        results=command.results,
    )
