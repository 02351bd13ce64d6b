"""R28: quantity and quality are within the contract, or its buyer has waived the term.

A contract's quantity is judged shipment by shipment: at allocation it is not exceeded; at clearance,
and again when it sails, it is within its tolerance on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from orestream.contracts.parts import Limit
from orestream.contracts.shipments import Gate
from orestream.export.domain.case import Cargo, Case
from orestream.export.domain.contract import MATERIAL, QUANTITY, Contract
from orestream.export.domain.gates.judged import Finding, StandingGate, judged, said
from orestream.metallurgy.grades import Censored, Grade, Measured, in_unit
from orestream.metallurgy.quantities import ZERO, total_kg


def judge(case: Case) -> Gate:
    """Every lot under a contract is held against its limits, all of them against its quantity."""
    return judged("R28", _findings(case), "the shipment is under no contract")


def _findings(case: Case) -> Iterator[Finding]:
    for contract in case.contracts.values():
        if not _waived(case, contract, QUANTITY):
            yield _quantity(case, contract)
        for cargo in case.cargo:
            if contract.id in cargo.dry_kg_by_contract:
                yield from _lot(case, contract, cargo)


def _quantity(case: Case, contract: Contract) -> Finding:
    dry_kg = total_kg(cargo.dry_kg_by_contract.get(contract.id, ZERO) for cargo in case.cargo)
    why = f"{dry_kg} kg dry under {contract.id}, agreed {contract.least_dry_kg} to {contract.most_dry_kg} kg"
    short = case.step != "allocate" and dry_kg < contract.least_dry_kg
    if short or dry_kg > contract.most_dry_kg:
        return Finding(why, differs=(f"{contract.id}: {QUANTITY} {dry_kg}",))
    return Finding(why)


def _lot(case: Case, contract: Contract, cargo: Cargo) -> Iterator[Finding]:
    if cargo.material != contract.material and not _waived(case, contract, MATERIAL):
        why = f"{cargo.lot_id} is {cargo.material}, {contract.id} is about {contract.material}"
        yield Finding(why, differs=(f"{cargo.lot_id}: {MATERIAL}",))
    for limit in contract.quality:
        if not _waived(case, contract, limit.analyte):
            yield _quality(contract, cargo, limit)


def _quality(contract: Contract, cargo: Cargo, limit: Limit) -> Finding:
    measured = cargo.grades.get(limit.analyte)
    value = None if measured is None else _in(measured, limit.unit)
    if measured is None or value is None:
        why = (
            f"{contract.id} limits {limit.analyte}, which {cargo.lot_id} was not assayed for in {limit.unit}"
        )
        return Finding(why, cargo.certificates, missing=(f"{cargo.lot_id}: {limit.analyte}",))
    low = limit.min is not None and (value < limit.min or isinstance(measured, Censored))
    high = limit.max is not None and value > limit.max
    why = f"{limit.analyte} {said(measured)} in {cargo.lot_id}, {contract.id} asks {_range(limit)}"
    if low or high:
        return Finding(why, cargo.certificates, differs=(f"{cargo.lot_id}: {limit.analyte}",))
    return Finding(why, cargo.certificates)


def _in(measured: Measured, unit: str) -> Decimal | None:
    """The number in the contract's unit, a detection limit as if reached; None where there is no way."""
    grade = Grade(measured.limit, measured.unit) if isinstance(measured, Censored) else measured
    if grade.unit == unit:
        return grade.value
    match unit:
        case "%" | "g/t" | "ppm" if grade.unit != "Bq/g":
            return in_unit(grade, unit).value
        case _:
            return None


def _range(limit: Limit) -> str:
    ends = [f"at least {limit.min:f}" if limit.min is not None else ""]
    ends.append(f"at most {limit.max:f}" if limit.max is not None else "")
    return f"{' and '.join(end for end in ends if end)} {limit.unit}"


def _waived(case: Case, contract: Contract, term: str) -> bool:
    return (contract.id, term) in case.shipment.waivers


GATE = StandingGate("R28", frozenset({"allocate", "clear", "dispatch"}), judge)
