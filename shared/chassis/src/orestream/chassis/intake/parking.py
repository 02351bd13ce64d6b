"""Facts set aside: the one that fails, and behind it, in order, all that depends on it."""

from __future__ import annotations

from orestream.chassis.intake.inbound import FactBroken, FactIn
from orestream.chassis.intake.unit import Unit
from orestream.chassis.intake.writer import Cause
from orestream.chassis.records import Fetched
from orestream.chassis.store.parked import Parked

PARKED = "orestream.record.parked.v1"
RELEASED = "orestream.record.released.v1"
DISCARDED = "orestream.record.discarded.v1"
REASON_LENGTH = 1000


def park(unit: Unit, inbound: FactIn | FactBroken, why: str, *, attempts: int) -> None:
    """Set a failing fact aside, and with it its aggregate.

    Raises:
        Tripped: it is one too many; nothing of this transaction may be committed.
    """
    unit.breaker.failed(inbound.record, why)
    _add(unit, inbound, why, attempts, behind=None)
    unit.committed.parked += 1


def follow(unit: Unit, inbound: FactIn | FactBroken, *, behind: str) -> None:
    """Queue a fact behind a parked key: its own, or one that its decision reads."""
    _add(unit, inbound, f"behind {behind}", 0, behind=behind)
    unit.committed.followers += 1


def notify(unit: Unit, type_: str, parked: Parked, cause: Cause, reason: str | None = None) -> None:
    """Tell the parked topic what has become of a record."""
    said = {"reason": reason or parked.reason, "attempts": str(parked.attempts)}
    index = f"{type_.split('.')[2]}:{parked.attempts}"
    unit.publish([unit.setup.writer.notice(parked.record, parked.key, type_, index, cause=cause, said=said)])


def storable(why: str) -> str:
    """A reason as any database takes it."""
    return why.replace("\x00", "\\x00")[:REASON_LENGTH]


def _add(unit: Unit, inbound: FactIn | FactBroken, why: str, attempts: int, behind: str | None) -> None:
    record: Fetched = inbound.record
    parked = Parked(unit.parking.next_place, inbound.key, record, storable(why), attempts, behind)
    unit.set_parking(unit.parking.with_one_more(inbound.key))
    unit.parked.append(parked)
    notify(unit, PARKED, parked, inbound.cause)
