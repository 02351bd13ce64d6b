"""Holds and quarantines put on lots and ended again (R04, R29)."""

from __future__ import annotations

from collections.abc import Sequence

from orestream.contracts.decision import Decision, Ref, Refused, Waits, World
from orestream.contracts.lots import HoldLot, LiftHold, LotHeld, LotHoldLifted, ReleaseQuarantine
from orestream.contracts.message import Command
from orestream.lots.genealogy import ASSAY, holds_in_force, holds_on
from orestream.lots.results import assays_known
from orestream.lots.rules import R01, R04, R29, R30, refused
from orestream.lots.state import HOLD, KIN, LOT, Early, Hold, Kin, Lot
from orestream.lots.tables import Tables
from orestream.lots.telling import accepted
from orestream.lots.words import check_known

CAUSES = ("assay", "origin", "safety")


def hold(command: HoldLot, world: World, service: str, tables: Tables) -> Decision:  # noqa: ARG001 - every verb takes the tables
    """The lot is frozen, and everything made from it."""
    wrong = _check_cause(command)
    if wrong is not None:
        return wrong
    unknown = wait_for_lot(world, command.lot_id)
    if unknown is not None:
        return unknown
    if command.certificate is not None and command.certificate not in _certificates(world, command.lot_id):
        why = f"{command.lot_id} rests on no certificate {command.certificate}; name the one that is in doubt"
        return refused(R04, why, certificate=command.certificate)
    fact = LotHeld(
        lot_id=command.lot_id,
        hold_id=command.command_id,
        kind="hold",
        cause=command.cause,
        root=command.lot_id,
        certificate=command.certificate,
        reason=command.reason,
        authority=command.authority,
        by=command.by,
        occurred_at=command.occurred_at,
    )
    return accepted(world, service, [fact], command.occurred_at)


def quarantined(command: Command, lot_id: str, rule: str, reason: str) -> LotHeld:
    """The fact that a command's own act has put its lot into quarantine."""
    return LotHeld(
        lot_id=lot_id,
        hold_id=command.command_id,
        kind="quarantine",
        cause=rule,
        root=lot_id,
        reason=reason,
        by=command.by,
        occurred_at=command.occurred_at,
    )


def lift(command: LiftHold, world: World, service: str, tables: Tables) -> Decision:  # noqa: ARG001 - every verb takes the tables
    """A hold ends, for its lot and for everything it has reached."""
    unknown = wait_for_lot(world, command.lot_id)
    if unknown is not None:
        return unknown
    found: Hold | None = world.get(HOLD, command.hold_id)
    if found is None or found.root != command.lot_id or found.kind != "hold":
        return _no_such_hold(command, found)
    if not found.own:
        why = f"hold {found.id} was put in another service; lift it there"
        return refused(R04, why, hold_id=found.id)
    if found.lifted_at is not None or found.occurred_at > command.occurred_at:
        why = f"hold {found.id} was not in force at {command.occurred_at:%Y-%m-%d %H:%M} UTC"
        return refused(R04, why, hold_id=found.id)
    if found.by == command.by:
        return somebody_else(found, command.by)
    return accepted(world, service, [_end(command, found, command.lot_id)], command.occurred_at)


def release(command: ReleaseQuarantine, lot_id: str, world: World, service: str) -> Decision:
    """Every quarantine put on this very lot ends."""
    unknown = wait_for_lot(world, lot_id)
    if unknown is not None:
        return unknown
    in_force = [one for one in holds_on(world, lot_id) if one.kind == "quarantine" and _open(one, command)]
    rooted = [one for one in in_force if one.root == lot_id and one.own]
    if not rooted:
        return _nothing_to_release(lot_id, in_force)
    same = [one for one in rooted if one.by == command.by]
    if same:
        return somebody_else(same[0], command.by)
    facts = [_end(command, one, lot_id) for one in rooted]
    return accepted(world, service, facts, command.occurred_at)


def check_free(world: World, lot_ids: Sequence[str], command: Command, act: str) -> Refused | Waits | None:
    """No lot is held at the time of the act (R30); waits until everything they were made of is known."""
    for lot_id in lot_ids:
        found = holds_in_force(world, lot_id, command.occurred_at)
        if isinstance(found, Waits):
            return found
        if found:
            first = found[0]
            where = "" if first.root == lot_id else f" through {first.root}"
            why = (
                f"{lot_id} is under {first.kind} {first.id}{where} ({first.cause}: {first.reason});"
                f" it cannot be {act} before that ends"
            )
            return refused(R30, why, lot_id=lot_id, holds=[one.id for one in found])
    return None


def somebody_else(found: Hold, by: str) -> Refused:
    """R29: nobody ends what they have caused or recorded."""
    why = f"{found.kind} {found.id} was recorded by {by}; somebody else has to end it"
    return refused(R29, why, hold_id=found.id, by=by)


def wait_for_lot(world: World, lot_id: str) -> Waits | None:
    """The wait for a lot that this service has, had or expects."""
    lot: Lot | None = world.get(LOT, lot_id)
    if lot is not None and not isinstance(lot, Early):
        return None
    return Waits((Ref(LOT, lot_id),), f"{lot_id} not known here yet")


def _check_cause(command: HoldLot) -> Refused | None:
    wrong = check_known("cause", command.cause, CAUSES)
    if wrong is not None:
        return wrong
    if (command.cause == ASSAY) != (command.certificate is not None):
        why = "a hold for an assay names the certificate in doubt, and only such a hold does"
        return refused(R01, why, cause=command.cause, certificate=command.certificate or "")
    return None


def _certificates(world: World, lot_id: str) -> set[str]:
    kin: Kin | None = world.get(KIN, lot_id)
    own = {assay.certificate.number for assay in assays_known(world, lot_id)}
    return own | set(kin.certificates if kin is not None else ())


def _open(found: Hold, command: Command) -> bool:
    return found.lifted_at is None and found.occurred_at <= command.occurred_at


def _end(command: LiftHold | ReleaseQuarantine, found: Hold, lot_id: str) -> LotHoldLifted:
    return LotHoldLifted(
        lot_id=lot_id,
        hold_id=found.id,
        kind=found.kind,
        root=found.root,
        reason=command.reason,
        authority=command.authority,
        by=command.by,
        occurred_at=command.occurred_at,
    )


def _no_such_hold(command: LiftHold, found: Hold | None) -> Refused:
    if found is None:
        why = f"no hold {command.hold_id} is known on {command.lot_id}; hold_id is the id of its HoldLot"
    elif found.kind == "quarantine":
        why = f"{found.id} is a quarantine of {found.root}; it ends by ReleaseQuarantine"
    else:
        why = f"hold {found.id} was put on {found.root}; lift it there"
    return refused(R04, why, hold_id=command.hold_id)


def _nothing_to_release(lot_id: str, in_force: Sequence[Hold]) -> Refused:
    if not in_force:
        return refused(R04, f"{lot_id} is under no quarantine", lot_id=lot_id)
    first = in_force[0]
    why = (
        f"{lot_id} is under the quarantine of {first.root}; release {first.root}, in the service that put it"
    )
    return refused(R04, why, lot_id=lot_id, root=first.root)
