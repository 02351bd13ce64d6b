"""What sails is what was allocated, packed and cleared, with the metal that its certificate states."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from orestream.cli.contents import AssayBook, assay_book
from orestream.cli.ledger import Ledger
from orestream.cli.ledger_checks.verdict import GRAM, Verdict, Violation, plural
from orestream.contracts.shipments import (
    ContainerStuffed,
    ShipmentCleared,
    ShipmentDispatched,
    ShipmentLotAllocated,
    ShippedLot,
)
from orestream.metallurgy.grades import Grade, contained_kg
from orestream.metallurgy.quantities import kg

ZERO = Decimal("0.000")


@dataclass(slots=True)
class Cargo:
    """What the facts say of one shipment; kg dry by lot."""

    allocated: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    packed: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    differences: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    """Weighing differences of last parts packed."""
    containers: set[str] = field(default_factory=set)
    cleared: bool = False
    sailed: ShipmentDispatched | None = None


def cargoes(ledger: Ledger) -> Mapping[str, Cargo]:
    """Shipment → what was done with it."""
    found: dict[str, Cargo] = defaultdict(Cargo)
    for allocation in ledger.of(ShipmentLotAllocated):
        lot = allocation.message
        found[lot.shipment_id].allocated[lot.lot_id] += lot.dry_kg
    for stuffing in ledger.of(ContainerStuffed):
        container = stuffing.message
        cargo = found[container.shipment_id]
        cargo.containers.add(container.container_no)
        for part in container.contents:
            cargo.packed[part.lot_id] += part.dry_kg
            cargo.differences[part.lot_id] += part.difference_dry_kg or ZERO
    for clearance in ledger.of(ShipmentCleared):
        found[clearance.message.shipment_id].cleared = True
    for sailing in ledger.of(ShipmentDispatched):
        found[sailing.message.shipment_id].sailed = sailing.message
    return found


def check_shipments(ledger: Ledger) -> Verdict:
    """Containers hold at most what is allocated; what sails agrees with them, its metal with its assay."""
    book = assay_book(ledger)
    cargo = cargoes(ledger)
    found: list[Violation] = []
    metal: dict[str, Decimal] = defaultdict(Decimal)
    sailed = [one.sailed for one in cargo.values() if one.sailed is not None]
    for shipment, one in cargo.items():
        found.extend(_overfilled(shipment, one))
        if one.sailed is not None:
            found.extend(_disagrees(one.sailed, one))
            for lot in one.sailed.lots:
                found.extend(_wrong_metal(shipment, lot, book))
                for element, contained in lot.contained_kg.items():
                    metal[element] += contained
    figures = (
        [("sailed", f"{sum((ship.dry_kg for ship in sailed), ZERO):,} kg dry in {len(sailed)}")]
        if sailed
        else []
    )
    figures += [(f"{element} sailed", f"{contained:,} kg") for element, contained in sorted(metal.items())]
    return Verdict(
        "what sails was allocated, packed and cleared",
        plural(len(cargo), "shipment"),
        tuple(found),
        tuple(figures),
    )


def _overfilled(shipment: str, cargo: Cargo) -> Iterator[Violation]:
    for lot, dry in cargo.packed.items():
        allowed = cargo.allocated.get(lot, ZERO) + cargo.differences.get(lot, ZERO)
        if dry > allowed:
            yield Violation(shipment, f"{dry} kg dry of {lot} are packed, {allowed} are allocated")


def _disagrees(sailed: ShipmentDispatched, cargo: Cargo) -> Iterator[Violation]:
    if not cargo.cleared:
        yield Violation(sailed.shipment_id, "it sailed and was never cleared")
    named: dict[str, Decimal] = defaultdict(Decimal)
    for lot in sailed.lots:
        named[lot.lot_id] += lot.dry_kg
    if named != cargo.packed:
        yield Violation(sailed.shipment_id, f"{_listed(named)} sailed, {_listed(cargo.packed)} were packed")
    if set(sailed.containers) != cargo.containers:
        yield Violation(sailed.shipment_id, "the containers that sailed are not the ones that were packed")
    total = sum((lot.dry_kg for lot in sailed.lots), ZERO)
    if total != sailed.dry_kg:
        yield Violation(sailed.shipment_id, f"its lots are {total} kg dry, {sailed.dry_kg} are stated")


def _wrong_metal(shipment: str, lot: ShippedLot, book: AssayBook) -> Iterator[Violation]:
    for element, stated in lot.contained_kg.items():
        grades = [grades.get(element) for grades in book.known(lot.lot_id, lot.certificate)]
        possible = {kg(contained_kg(lot.dry_kg, grade)) for grade in grades if isinstance(grade, Grade)}
        if not possible:
            yield Violation(shipment, f"{stated} kg {element} in {lot.lot_id} rest on no result")
        elif min(abs(one - stated) for one in possible) > GRAM:
            computed = " or ".join(map(str, sorted(possible)))
            yield Violation(shipment, f"{lot.lot_id} holds {computed} kg {element}, {stated} are stated")


def _listed(masses: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{mass} kg dry of {lot}" for lot, mass in sorted(masses.items())) or "nothing"
