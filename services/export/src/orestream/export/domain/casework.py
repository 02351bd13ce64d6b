"""Puts together what the gates judge; waits for the provenance of the cargo to be known whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from orestream.contracts.decision import Ref, Waits, World
from orestream.contracts.shipments import TestRecorded
from orestream.export.domain import provenance
from orestream.export.domain.case import Cargo, Case, Dug, Step
from orestream.export.domain.contract import CONTRACT, Contract
from orestream.export.domain.figures import Rulebook
from orestream.export.domain.provenance import BATCH, MINED, SOURCE, Batch, Mined, Source
from orestream.export.domain.shipment import Allocation, Shipment
from orestream.lots import genealogy
from orestream.lots.genealogy import Ancestry
from orestream.lots.results import results_at
from orestream.lots.state import KIN, LOT, InStock
from orestream.metallurgy.quantities import ZERO, total_kg


@dataclass(frozen=True, slots=True)
class Quantity:
    """How much of a lot an act is about, for one contract."""

    lot_id: str
    contract_id: str
    wet_kg: Decimal
    dry_kg: Decimal


@dataclass(frozen=True, slots=True)
class Act:
    """What is done with a shipment, when, and by which rules."""

    step: Step
    at: datetime
    shipment: Shipment
    rules: Rulebook
    imo: str | None = None
    """The vessel's, at dispatch."""


def allocated(shipment: Shipment) -> tuple[Quantity, ...]:
    """All that is meant for the shipment."""
    return tuple(Quantity(a.lot_id, a.contract_id, a.wet_kg, a.dry_kg) for a in shipment.allocations)


def packed(shipment: Shipment) -> tuple[Quantity, ...]:
    """All that is in containers, contract by contract in the order of allocation."""
    return tuple(quantity for lot_id in shipment.lots for quantity in _packed_of(shipment, lot_id))


def _packed_of(shipment: Shipment, lot_id: str) -> Iterable[Quantity]:
    parts = [part for c in shipment.containers for part in c.contents if part.lot_id == lot_id]
    wet, dry = total_kg(part.wet_kg for part in parts), total_kg(part.dry_kg for part in parts)
    allocations = [a for a in shipment.allocations if a.lot_id == lot_id]
    for allocation in allocations:
        if dry <= allocation.dry_kg or allocation is allocations[-1]:
            break
        yield _quantity(allocation, allocation.wet_kg, allocation.dry_kg)
        wet, dry = wet - allocation.wet_kg, dry - allocation.dry_kg
    if dry > 0:
        yield _quantity(allocation, wet, dry)


def _quantity(allocation: Allocation, wet_kg: Decimal, dry_kg: Decimal) -> Quantity:
    return Quantity(allocation.lot_id, allocation.contract_id, wet_kg, dry_kg)


def gather(world: World, act: Act, quantities: tuple[Quantity, ...]) -> Case | Waits:
    """The case of one act, or what of the cargo's provenance has not been read yet."""
    lot_ids = tuple(dict.fromkeys(quantity.lot_id for quantity in quantities))
    ancestries = {lot_id: genealogy.ancestors(world, lot_id) for lot_id in lot_ids}
    batches: Mapping[str, Batch] = world.get_all(BATCH, _batch_ids(ancestries.values()))
    dug = _dug(world, ancestries.values())
    cargo = tuple(_cargo(world, act, quantities, ancestries[one], batches) for one in lot_ids)
    source_ids = {mined.source_id for mined in dug} | {o.source_id for c in cargo for o in c.origins}
    sources: Mapping[str, Source] = world.get_all(SOURCE, sorted(source_ids))
    contracts: Mapping[str, Contract] = world.get_all(CONTRACT, act.shipment.contracts)
    waits = _unknown(tuple(ancestries.values()), batches, source_ids, sources)
    if waits is not None:
        return waits
    return Case(
        step=act.step,
        at=act.at,
        shipment=act.shipment,
        contracts={one: contracts[one] for one in act.shipment.contracts},
        cargo=cargo,
        rules=act.rules,
        dug=tuple(_given(world, sources[mined.source_id], mined) for mined in dug),
        sources=dict(sorted(sources.items())),
        imo=act.imo,
    )


def _cargo(
    world: World,
    act: Act,
    quantities: tuple[Quantity, ...],
    ancestry: Ancestry,
    batches: Mapping[str, Batch],
) -> Cargo:
    lot = world.get(LOT, ancestry.lot_id)
    assert isinstance(lot, InStock), "what is allocated is in stock"
    mine = [quantity for quantity in quantities if quantity.lot_id == lot.id]
    by_contract: dict[str, Decimal] = {}
    for quantity in mine:
        by_contract[quantity.contract_id] = by_contract.get(quantity.contract_id, ZERO) + quantity.dry_kg
    results = results_at(world, lot, act.at)
    return Cargo(
        lot_id=lot.id,
        material=lot.material,
        wet_kg=total_kg(quantity.wet_kg for quantity in mine),
        dry_kg=total_kg(quantity.dry_kg for quantity in mine),
        dry_kg_by_contract=by_contract,
        origins=lot.origins,
        grades=results.grades,
        certificates=results.certificates,
        synthetic=lot.synthetic,
        stages=frozenset(batches[one].stage for one in _batch_ids([ancestry]) if one in batches),
        classification=next((c for c in act.shipment.classifications if c.lot_id == lot.id), None),
        radioactivity=_latest_radioactivity(act.shipment, lot.id, act.at),
    )


def _latest_radioactivity(shipment: Shipment, lot_id: str, at: datetime) -> TestRecorded | None:
    tests = [
        t for t in shipment.tests if t.lot_id == lot_id and t.test == "radioactivity" and t.tested_at <= at
    ]
    return max(tests, key=lambda test: test.tested_at, default=None)


def _batch_ids(ancestries: Iterable[Ancestry]) -> list[str]:
    kin = (kin for ancestry in ancestries for kin in ancestry.kin.values())
    return sorted({one.batch_id for one in kin if one.batch_id is not None})


def _dug(world: World, ancestries: Iterable[Ancestry]) -> tuple[Mined, ...]:
    kin = (kin for ancestry in ancestries for kin in ancestry.kin.values())
    mined: Mapping[str, Mined] = world.get_all(MINED, sorted({one.id for one in kin if one.birth == "mined"}))
    return tuple(one for _, one in sorted(mined.items()))


def _given(world: World, source: Source, mined: Mined) -> Dug:
    given = provenance.given_by(source, mined.mined_at, world)
    return Dug(mined.id, mined.source_id, mined.material, mined.mined_at, given)


def _unknown(
    ancestries: tuple[Ancestry, ...],
    batches: Mapping[str, Batch],
    source_ids: set[str],
    sources: Mapping[str, Source],
) -> Waits | None:
    licensed = {one for one, source in sources.items() if source.licence is not None}
    needs = (
        *(Ref(KIN, one) for one in sorted({one for a in ancestries for one in a.unknown})),
        *(Ref(BATCH, one) for one in _batch_ids(ancestries) if one not in batches),
        *(Ref(SOURCE, one) for one in sorted(source_ids - licensed)),
    )
    if not needs:
        return None
    return Waits(needs, f"not read yet: {', '.join(f'{kind} {one}' for kind, one in needs)}")
