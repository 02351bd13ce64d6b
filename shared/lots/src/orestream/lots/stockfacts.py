"""A lot's stock in one service, folded from the facts of its entry, its draws and its leaving."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from orestream.contracts.decision import Happened
from orestream.contracts.lots import LotBlended, LotDespatched, LotDrawn, LotReceived, LotSplit
from orestream.contracts.mining import LotMined
from orestream.contracts.parts import Result
from orestream.contracts.processing import LotProduced
from orestream.lots.results import dry_results
from orestream.lots.state import ZERO, Departed, Early, Expected, InStock, Lot, Receipt
from orestream.metallurgy.quantities import moisture_pct


def evolve_lot(lot: Lot | None, happened: Happened, service: str) -> Lot | None:
    """The lot after a fact; a fact that cannot concern its present state leaves it as it is."""
    match happened.fact:
        case LotMined() | LotProduced() | LotSplit() | LotBlended() as born if lot is None:
            return _born(born, happened.time)
        case LotMined() | LotProduced() | LotSplit() | LotBlended() as born if isinstance(lot, Early):
            return taken(_born(born, happened.time), lot.id, lot.taken_dry_kg)
        case LotDrawn() as drawn:
            return taken(lot, drawn.lot_id, drawn.dry_kg - (drawn.difference_dry_kg or ZERO))
        case LotDespatched() as despatched:
            return _despatched(lot, despatched, happened, service)
        case LotReceived() as received:
            return _weighed_in(lot, received, happened.time)
        case _:
            return lot


def taken(lot: Lot | None, lot_id: str, dry_kg: Decimal) -> Lot | None:
    """The lot after so much has been drawn from it."""
    match lot:
        case InStock():
            return replace(lot, stock_dry_kg=lot.stock_dry_kg - dry_kg)
        case Expected():
            return replace(lot, taken_dry_kg=lot.taken_dry_kg + dry_kg)
        case None | Early():
            early = lot or Early(lot_id)
            return replace(early, taken_dry_kg=early.taken_dry_kg + dry_kg)
        case _:
            return lot


def _weighed_in(lot: Lot | None, fact: LotReceived, at: datetime) -> Lot | None:
    match lot:
        case Expected():
            return _received(lot, fact, at)
        case None | Early():
            early = lot or Early(fact.lot_id)
            return replace(early, receipts=(*early.receipts, Receipt(fact, at)))
        case _:
            return lot


def _caught_up(early: Early, expected: Expected) -> Lot:
    """The lot that has come, after all that this service has told of it already."""
    lot: Expected | InStock = replace(expected, taken_dry_kg=early.taken_dry_kg)
    for receipt in early.receipts:
        if isinstance(lot, Expected):
            lot = _received(lot, receipt.fact, receipt.at)
    return lot


def _born(born: LotMined | LotProduced | LotSplit | LotBlended, at: datetime) -> InStock:
    return InStock(
        id=born.lot_id,
        material=born.material,
        mineral=born.mineral,
        stock_dry_kg=born.dry_kg,
        moisture_pct=born.moisture_pct,
        entered_dry_kg=born.dry_kg,
        entered_at=at,
        results=_book(born),
        certificates=born.certificates if isinstance(born, LotSplit | LotBlended) else (),
        origins=born.origins,
        synthetic=born.synthetic,
    )


def _book(born: LotMined | LotProduced | LotSplit | LotBlended) -> tuple[Result, ...]:
    if isinstance(born, LotMined):
        return ()
    return dry_results(born.results, born.basis, born.moisture_pct)


def _despatched(lot: Lot | None, fact: LotDespatched, happened: Happened, service: str) -> Lot | None:
    early = lot if isinstance(lot, Early) else None
    if fact.to == service and lot is not None and early is None and happened.service != service:
        return lot  # the id was given twice (R04): what is here already stays as it is
    if fact.to == service:
        expected = Expected(
            id=fact.lot_id,
            material=fact.material,
            mineral=fact.mineral,
            despatched_wet_kg=fact.wet_kg,
            despatched_dry_kg=fact.dry_kg,
            despatched_at=happened.time,
            results=fact.results,
            certificates=fact.certificates,
            origins=fact.origins,
            synthetic=fact.synthetic,
        )
        return expected if early is None else _caught_up(early, expected)
    if happened.service == service:
        return Departed(fact.lot_id, fact.material, fact.mineral, fact.to, happened.time, fact.results)
    return lot


def _received(lot: Expected, fact: LotReceived, at: datetime) -> Expected | InStock:
    moisture = fact.moisture_pct if lot.received_moisture_pct is None else _mean_moisture(fact)
    if not fact.complete:
        return replace(
            lot,
            received_wet_kg=fact.total_wet_kg,
            received_dry_kg=fact.total_dry_kg,
            received_moisture_pct=moisture,
        )
    return InStock(
        id=lot.id,
        material=lot.material,
        mineral=lot.mineral,
        stock_dry_kg=fact.total_dry_kg - lot.taken_dry_kg,
        moisture_pct=moisture,
        entered_dry_kg=fact.total_dry_kg,
        entered_at=at,
        results=lot.results,
        certificates=lot.certificates,
        origins=lot.origins,
        synthetic=lot.synthetic,
    )


def _mean_moisture(fact: LotReceived) -> Decimal:
    return moisture_pct(fact.total_wet_kg, fact.total_dry_kg)
