"""A shipment: what is allocated, packed, on file and in force, folded from its facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from orestream.contracts.decimals import write_time
from orestream.contracts.decision import Happened, Ref, Refused, Waits, World
from orestream.contracts.parts import Origin
from orestream.contracts.shipments import (
    CargoClassified,
    ContainerStuffed,
    DocumentAttached,
    ScreeningRecorded,
    ShipmentCleared,
    ShipmentDispatched,
    ShipmentHeld,
    ShipmentHoldLifted,
    ShipmentLotAllocated,
    ShipmentOpened,
    ShipmentReleased,
    ShipmentTermWaived,
    TestRecorded,
    VgmRecorded,
)
from orestream.lots.rules import refused
from orestream.metallurgy.quantities import total_kg

SHIPMENT = "shipment"


@dataclass(frozen=True, slots=True)
class Allocation:
    """A quantity of a lot that is meant for a contract."""

    contract_id: str
    lot_id: str
    material: str
    wet_kg: Decimal
    dry_kg: Decimal
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class GateHold:
    """A gate that lacks evidence; judged again at every later step."""

    hold_id: str
    rule: str
    missing: tuple[str, ...]
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Figures in conflict: the shipment is frozen from `since` until `until`."""

    hold_id: str
    rule: str
    containers: tuple[str, ...]
    by: str
    since: datetime
    until: datetime | None = None

    def in_force(self, at: datetime) -> bool:
        """Whether it freezes the shipment at that moment."""
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Shipment:
    """A shipment from its opening on."""

    id: str
    contracts: tuple[str, ...]
    mode: str
    from_port: str
    to_port: str
    consignee: str
    synthetic: bool
    allocations: tuple[Allocation, ...] = ()
    classifications: tuple[CargoClassified, ...] = ()
    """The latest of each lot."""
    containers: tuple[ContainerStuffed, ...] = ()
    documents: tuple[DocumentAttached, ...] = ()
    tests: tuple[TestRecorded, ...] = ()
    screenings: tuple[ScreeningRecorded, ...] = ()
    vgms: tuple[VgmRecorded, ...] = ()
    """The latest of each container."""
    waivers: tuple[tuple[str, str], ...] = ()
    """Contract and term."""
    gate_holds: tuple[GateHold, ...] = ()
    quarantines: tuple[Quarantine, ...] = ()
    cleared: ShipmentCleared | None = None
    sailed_at: datetime | None = None

    @property
    def from_country(self) -> str:
        """The country it leaves, from the port's UN/LOCODE."""
        return self.from_port[:2]

    @property
    def to_country(self) -> str:
        """The country it is bound for."""
        return self.to_port[:2]

    @property
    def lots(self) -> tuple[str, ...]:
        """Every lot allocated, once, in the order of allocation."""
        return tuple(dict.fromkeys(allocation.lot_id for allocation in self.allocations))

    def allocated_dry_kg(self, lot_id: str) -> Decimal:
        """How much of a lot is allocated, kg dry."""
        return total_kg(a.dry_kg for a in self.allocations if a.lot_id == lot_id)

    def stuffed_dry_kg(self, lot_id: str) -> Decimal:
        """How much of a lot is in containers, kg dry."""
        parts = (part for c in self.containers for part in c.contents if part.lot_id == lot_id)
        return total_kg(part.dry_kg for part in parts)

    def container(self, container_no: str) -> ContainerStuffed | None:
        """A container stuffed for this shipment."""
        return next((c for c in self.containers if c.container_no == container_no), None)

    def vgm(self, container_no: str) -> VgmRecorded | None:
        """The latest verified gross mass of a container."""
        return next((vgm for vgm in self.vgms if vgm.container_no == container_no), None)


def find(world: World, shipment_id: str) -> Shipment | Waits:
    """The shipment that a command is about."""
    shipment: Shipment | None = world.get(SHIPMENT, shipment_id)
    if shipment is None:
        return Waits((Ref(SHIPMENT, shipment_id),), f"shipment {shipment_id} is not open yet")
    return shipment


def check_here(shipment: Shipment, act: str) -> Refused | None:
    """After it has sailed, lots, weights and containers change only by correction (R21)."""
    if shipment.sailed_at is None:
        return None
    at = f"{shipment.sailed_at:%Y-%m-%d %H:%M} UTC"
    why = f"shipment {shipment.id} sailed at {at}; it cannot be {act} any more"
    return refused("R21", why, shipment_id=shipment.id, sailed_at=write_time(shipment.sailed_at))


def check_free(shipment: Shipment, at: datetime, act: str) -> Refused | None:
    """A shipment in quarantine at the time of the act is left alone (R30)."""
    for quarantine in shipment.quarantines:
        if quarantine.in_force(at):
            why = (
                f"shipment {shipment.id} is under quarantine {quarantine.hold_id} ({quarantine.rule}:"
                f" {', '.join(quarantine.containers)}); it cannot be {act} before that ends"
            )
            return refused("R30", why, shipment_id=shipment.id, holds=[quarantine.hold_id])
    return None


def evolve(state: Shipment | None, happened: Happened) -> Shipment | None:
    """The shipment after one of its facts."""
    fact = happened.fact
    if isinstance(fact, ShipmentOpened):
        return Shipment(**{name: getattr(fact, name) for name in _OPENING}, id=fact.shipment_id)
    fold = _FOLDS.get(type(fact))
    return state if state is None or fold is None else fold(state, fact, happened.time)


_OPENING = ("contracts", "mode", "from_port", "to_port", "consignee", "synthetic")


def _allocated(state: Shipment, fact: ShipmentLotAllocated, _: datetime) -> Shipment:
    names = ("contract_id", "lot_id", "material", "wet_kg", "dry_kg", "origins")
    allocation = Allocation(**{name: getattr(fact, name) for name in names})
    return replace(state, allocations=(*state.allocations, allocation))


def _classified(state: Shipment, fact: CargoClassified, _: datetime) -> Shipment:
    others = tuple(c for c in state.classifications if c.lot_id != fact.lot_id)
    return replace(state, classifications=(*others, fact))


def _stuffed(state: Shipment, fact: ContainerStuffed, _: datetime) -> Shipment:
    return replace(state, containers=(*state.containers, fact))


def _attached(state: Shipment, fact: DocumentAttached, _: datetime) -> Shipment:
    return replace(state, documents=(*state.documents, fact))


def _tested(state: Shipment, fact: TestRecorded, _: datetime) -> Shipment:
    return replace(state, tests=(*state.tests, fact))


def _screened(state: Shipment, fact: ScreeningRecorded, _: datetime) -> Shipment:
    return replace(state, screenings=(*state.screenings, fact))


def _weighed(state: Shipment, fact: VgmRecorded, _: datetime) -> Shipment:
    others = tuple(vgm for vgm in state.vgms if vgm.container_no != fact.container_no)
    return replace(state, vgms=(*others, fact))


def _waived(state: Shipment, fact: ShipmentTermWaived, _: datetime) -> Shipment:
    return replace(state, waivers=tuple(sorted({*state.waivers, (fact.contract_id, fact.term)})))


def _held(state: Shipment, fact: ShipmentHeld, at: datetime) -> Shipment:
    if fact.kind == "quarantine":
        quarantine = Quarantine(fact.hold_id, fact.rule, fact.differs, fact.by, at)
        return replace(state, quarantines=(*state.quarantines, quarantine))
    others = tuple(hold for hold in state.gate_holds if hold.rule != fact.rule)
    return replace(state, gate_holds=(*others, GateHold(fact.hold_id, fact.rule, fact.missing, fact.differs)))


def _lifted(state: Shipment, fact: ShipmentHoldLifted, at: datetime) -> Shipment:
    return replace(
        state,
        gate_holds=tuple(h for h in state.gate_holds if (h.hold_id, h.rule) != (fact.hold_id, fact.rule)),
        quarantines=_ended(state, fact.hold_id, at),
    )


def _released(state: Shipment, fact: ShipmentReleased, at: datetime) -> Shipment:
    return replace(state, quarantines=_ended(state, fact.hold_id, at))


def _ended(state: Shipment, hold_id: str, at: datetime) -> tuple[Quarantine, ...]:
    return tuple(
        replace(quarantine, until=at)
        if quarantine.hold_id == hold_id and quarantine.until is None
        else quarantine
        for quarantine in state.quarantines
    )


def _cleared(state: Shipment, fact: ShipmentCleared, _: datetime) -> Shipment:
    return replace(state, cleared=fact)


def _sailed(state: Shipment, fact: ShipmentDispatched, _: datetime) -> Shipment:
    return replace(state, sailed_at=fact.sailed_at)


_FOLDS: Mapping[type[Any], Callable[[Shipment, Any, datetime], Shipment]] = {
    ShipmentLotAllocated: _allocated,
    CargoClassified: _classified,
    ContainerStuffed: _stuffed,
    DocumentAttached: _attached,
    TestRecorded: _tested,
    ScreeningRecorded: _screened,
    VgmRecorded: _weighed,
    ShipmentTermWaived: _waived,
    ShipmentHeld: _held,
    ShipmentHoldLifted: _lifted,
    ShipmentReleased: _released,
    ShipmentCleared: _cleared,
    ShipmentDispatched: _sailed,
}
