"""The whole of a lot leaves: assayed as its way demands (R12), and not while it is held (R30)."""

from __future__ import annotations

from orestream.contracts.decision import Accepted, Decision, Refused, World
from orestream.contracts.lots import DespatchLot, LotDespatched
from orestream.contracts.parts import Assay, Parent
from orestream.lots.holding import check_free
from orestream.lots.results import assays_known
from orestream.lots.rules import R03, R12, refused
from orestream.lots.state import KIN, InStock, Kin
from orestream.lots.stock import own_stock
from orestream.lots.tables import Tables
from orestream.metallurgy.quantities import wet_kg


def despatch(command: DespatchLot, world: World, service: str, tables: Tables) -> Decision:  # noqa: ARG001 - every verb takes service and tables
    """All that is left of the lot leaves for a plant or for export."""
    lot = own_stock(world, command.lot_id)
    if not isinstance(lot, InStock):
        return lot
    if lot.stock_dry_kg <= 0:
        why = f"nothing is left of {lot.id}: all of it has been drawn"
        return refused(R03, why, lot_id=lot.id, stock_dry_kg=lot.stock_dry_kg)
    held = check_free(world, [lot.id], command, "despatched")
    if held is not None:
        return held
    assays = assays_known(world, lot.id, command.occurred_at)
    unassayed = _check_assayed(command, lot, assays)
    if unassayed is not None:
        return unassayed
    return Accepted((_despatched(command, lot, assays, _parents(world, lot.id)),))


def _check_assayed(command: DespatchLot, lot: InStock, assays: tuple[Assay, ...]) -> Refused | None:
    if command.to == "export":
        if any(assay.certificate.accredited and assay.sample.seal is not None for assay in assays):
            return None
        why = (
            f"{lot.id} leaves for export without an accredited laboratory's assay of a sealed sample;"
            " record one, then despatch"
        )
        return refused(R12, why, lot_id=lot.id, certificates=[a.certificate.number for a in assays])
    if assays or lot.results:
        return None
    return refused(R12, f"{lot.id} has not been assayed; record an assay, then despatch", lot_id=lot.id)


def _despatched(
    command: DespatchLot, lot: InStock, assays: tuple[Assay, ...], parents: tuple[Parent, ...]
) -> LotDespatched:
    return LotDespatched(
        lot_id=lot.id,
        to=command.to,
        destination=command.destination,
        material=lot.material,
        mineral=lot.mineral,
        wet_kg=wet_kg(lot.stock_dry_kg, lot.moisture_pct),
        moisture_pct=lot.moisture_pct,
        dry_kg=lot.stock_dry_kg,
        assays=assays,
        results=() if assays else lot.results,
        certificates=() if assays else lot.certificates,
        parents=parents,
        origins=lot.origins,
        synthetic=lot.synthetic,
    )


def _parents(world: World, lot_id: str) -> tuple[Parent, ...]:
    kin: Kin | None = world.get(KIN, lot_id)
    return kin.parents if kin is not None else ()
