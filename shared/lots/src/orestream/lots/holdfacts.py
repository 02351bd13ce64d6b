"""A hold or quarantine, folded from the facts that put it on lots and batches and that lift it."""

from __future__ import annotations

from dataclasses import replace

from orestream.contracts.decision import Happened
from orestream.contracts.lots import LotHeld, LotHoldLifted
from orestream.contracts.processing import BatchQuarantined, BatchReleased
from orestream.lots.state import Hold, with_one


def evolve_hold(hold: Hold | None, happened: Happened, service: str) -> Hold:
    """The hold after a fact that names it; every fact of one hold says the same of it but the lot."""
    match happened.fact:
        case LotHeld() as held:
            own = happened.service == service
            hold = hold or hold_of(held, own=own and held.lot_id == held.root)
            # a descendant may be told of by another service than the one that put the hold on its root
            own = own if held.lot_id == held.root else hold.own
            return replace(hold, own=own, lots=with_one(hold.lots, held.lot_id))
        case BatchQuarantined() as held:
            # where it is taken back from the topics, a fact about one of the batch's lots may come first
            own = happened.service == service
            return replace(hold or _of_batch(held, own=own), own=own)
        case (LotHoldLifted() | BatchReleased()) as end:
            hold = hold or _known_by_its_end(end, own=happened.service == service)
            hold = hold if hold.lifted_at is not None else _ended(hold, end)
            return _freed(hold, end)
        case _:
            raise TypeError(f"{type(happened.fact).__name__} changes no hold")


def _ended(hold: Hold, end: LotHoldLifted | BatchReleased) -> Hold:
    return replace(
        hold,
        lifted_at=end.occurred_at,
        lifted_by=end.by,
        lift_reason=end.reason,
        lift_authority=end.authority,
    )


def _freed(hold: Hold, end: LotHoldLifted | BatchReleased) -> Hold:
    return hold if isinstance(end, BatchReleased) else replace(hold, freed=with_one(hold.freed, end.lot_id))


def _known_by_its_end(end: LotHoldLifted | BatchReleased, *, own: bool) -> Hold:
    """A hold whose beginning was set aside unread: it is never in force, and its end is on file."""
    return Hold(
        id=end.hold_id,
        kind=end.kind if isinstance(end, LotHoldLifted) else "quarantine",
        cause="unknown",
        root=end.root if isinstance(end, LotHoldLifted) else end.batch_id,
        certificate=None,
        reason=end.reason,
        authority=None,
        by=end.by,
        occurred_at=end.occurred_at,
        own=own,
    )


def hold_of(held: LotHeld, *, own: bool) -> Hold:
    """The hold that a fact speaks of, before any lot is under it."""
    return Hold(
        id=held.hold_id,
        kind=held.kind,
        cause=held.cause,
        root=held.root,
        certificate=held.certificate,
        reason=held.reason,
        authority=held.authority,
        by=held.by,
        occurred_at=held.occurred_at,
        own=own,
    )


def _of_batch(held: BatchQuarantined, *, own: bool) -> Hold:
    return Hold(
        id=held.hold_id,
        kind=held.kind,
        cause=held.rule,
        root=held.batch_id,
        certificate=None,
        reason=held.reason,
        authority=None,
        by=held.by,
        occurred_at=held.occurred_at,
        own=own,
    )


def held(hold: Hold, lot_id: str) -> LotHeld:
    """The fact that a lot is under a hold."""
    return LotHeld(
        lot_id=lot_id,
        hold_id=hold.id,
        kind=hold.kind,
        cause=hold.cause,
        root=hold.root,
        certificate=hold.certificate,
        reason=hold.reason,
        authority=hold.authority,
        by=hold.by,
        occurred_at=hold.occurred_at,
    )


def lifted(hold: Hold, lot_id: str) -> LotHoldLifted:
    """The fact that a lot is no longer under a hold that has been lifted."""
    assert hold.lifted_at is not None
    return LotHoldLifted(
        lot_id=lot_id,
        hold_id=hold.id,
        kind=hold.kind,
        root=hold.root,
        reason=hold.lift_reason or "",
        authority=hold.lift_authority or "",
        by=hold.lifted_by or "",
        occurred_at=hold.lifted_at,
    )
