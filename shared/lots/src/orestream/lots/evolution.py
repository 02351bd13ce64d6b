"""What each fact changes of what a service knows of lots. Nothing is judged here: it has happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orestream.contracts.decision import Happened, Ref
from orestream.contracts.lots import (
    AssayLot,
    LotAssayed,
    LotBlended,
    LotDespatched,
    LotDrawn,
    LotHeld,
    LotHoldLifted,
    LotReceived,
    LotSplit,
)
from orestream.contracts.mining import LotMined
from orestream.contracts.parts import Assay, Ticket
from orestream.contracts.processing import BatchProcessed, BatchQuarantined, BatchReleased, LotProduced
from orestream.lots.holdfacts import evolve_hold
from orestream.lots.kinship import evolve_kin
from orestream.lots.state import (
    ASSAYS,
    CERTIFICATE,
    HOLD,
    KIN,
    LOT,
    SEAL,
    TICKET,
    Assays,
    Hold,
    Kin,
    Lot,
    Used,
)
from orestream.lots.stockfacts import evolve_lot

STATES: Mapping[str, Any] = {
    LOT: Lot,
    ASSAYS: Assays,
    KIN: Kin,
    HOLD: Hold,
    TICKET: Used,
    SEAL: Used,
    CERTIFICATE: Used,
}
"""Kind of aggregate → its type, of all that this package folds."""


def companions(ref: Ref, state: Any | None) -> tuple[Ref, ...]:
    """With a lot its kin and assays; with its kin its ancestors and their holds, as the gates look."""
    if ref.kind == LOT:
        return Ref(KIN, ref.id), Ref(ASSAYS, ref.id)
    if not isinstance(state, Kin):
        return ()
    parents = tuple(Ref(KIN, parent.lot_id) for parent in state.parents)
    return (*parents, *(Ref(HOLD, hold_id) for hold_id in state.holds))


def changes(happened: Happened, service: str) -> tuple[Ref, ...]:
    """The lot aggregates of `service` that a fact changes; none for a fact that is not about lots."""
    return tuple(dict.fromkeys(_changes(happened, service)))


def evolve(ref: Ref, state: Any | None, happened: Happened, service: str) -> Any:
    """The state of one lot aggregate of `service` after a fact that changes it.

    Raises:
        KeyError: a kind that this package does not fold.
    """
    match ref.kind:
        case "lot":
            return evolve_lot(state, happened, service)
        case "assays":
            return _evolve_assays(ref.id, state, happened)
        case "kin":
            return evolve_kin(ref.id, state, happened)
        case "hold":
            return evolve_hold(state, happened, service)
        case "ticket" | "seal" | "certificate":
            return state or Used(ref.id, happened.fact.key)
        case _:
            raise KeyError(ref.kind)


def ticket_key(ticket: Ticket) -> str:
    """Under which id a ticket is remembered: a weighbridge's number counts once."""
    return f"{ticket.weighbridge}/{ticket.number}"


def certificate_key(certificate: str, sample: str) -> str:
    """Under which id a certificate with its sample is remembered."""
    return f"{certificate}/{sample}"


def _changes(happened: Happened, service: str) -> Iterator[Ref]:
    own = happened.service == service
    match happened.fact:
        case LotMined() | LotProduced() | LotSplit() | LotBlended() as born:
            yield from _changed_by_birth(born, own)
        case BatchProcessed() as batch:
            yield from (Ref(KIN, output.lot_id) for output in batch.outputs)
        case LotDrawn(lot_id=lot_id) if own:
            yield Ref(LOT, lot_id)
        case LotAssayed() as assayed:
            yield from _changed_by_assay(assayed, service)
        case LotDespatched() as despatched:
            yield Ref(ASSAYS, despatched.lot_id)
            if own or despatched.to == service:
                yield Ref(LOT, despatched.lot_id)
        case LotReceived() as received if own:
            yield Ref(LOT, received.lot_id)
            yield from (Ref(TICKET, ticket_key(ticket)) for ticket in received.tickets)
        case LotHeld() as held:
            yield Ref(HOLD, held.hold_id)
            yield Ref(KIN, held.lot_id)
        case (
            LotHoldLifted(hold_id=hold_id)
            | BatchQuarantined(hold_id=hold_id)
            | BatchReleased(hold_id=hold_id)
        ):
            yield Ref(HOLD, hold_id)
        case _:
            return


def _changed_by_birth(born: LotMined | LotProduced | LotSplit | LotBlended, own: bool) -> Iterator[Ref]:
    yield Ref(KIN, born.lot_id)
    if not isinstance(born, LotMined):
        yield from (Ref(KIN, parent.lot_id) for parent in born.parents)
    if own:
        yield Ref(LOT, born.lot_id)
    if own and isinstance(born, LotMined):
        yield from (Ref(TICKET, ticket_key(ticket)) for ticket in born.tickets)


def _changed_by_assay(assayed: LotAssayed, service: str) -> Iterator[Ref]:
    yield Ref(ASSAYS, assayed.lot_id)
    if service not in AssayLot.SERVICES:
        return
    yield Ref(CERTIFICATE, certificate_key(assayed.certificate.number, assayed.sample.id))
    if assayed.sample.seal is not None:
        yield Ref(SEAL, assayed.sample.seal)


def _evolve_assays(lot_id: str, state: Assays | None, happened: Happened) -> Assays:
    """The union, by sampling time: the same assay may come by itself and with a despatch."""
    match happened.fact:
        case LotAssayed() as fact:
            told: tuple[Assay, ...] = (
                Assay(
                    certificate=fact.certificate,
                    sample=fact.sample,
                    basis=fact.basis,
                    moisture_pct=fact.moisture_pct,
                    results=fact.results,
                    occurred_at=happened.time,
                ),
            )
        case LotDespatched() as fact:
            told = fact.assays
        case _:
            told = ()
    known = state.on_file if state is not None else ()
    by_paper = {(assay.certificate.number, assay.sample.id): assay for assay in (*told, *known)}
    return Assays(lot_id, tuple(sorted(by_paper.values(), key=sampling_order)))


def sampling_order(assay: Assay) -> tuple[Any, ...]:
    """By when the sample was taken; of one moment, the one recorded later counts as later."""
    return (assay.sample.taken_at, assay.occurred_at, assay.certificate.number, assay.sample.id)
