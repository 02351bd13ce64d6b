"""Parked records tried again: an operator's wish, and what followed a key that is free now; in order."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from orestream.chassis.intake import parking
from orestream.chassis.intake.decide import Blocked, Failed, decide
from orestream.chassis.intake.inbound import FactIn, FactUnknown, cause_of, read_fact
from orestream.chassis.intake.judge import Judged
from orestream.chassis.intake.unit import Unit
from orestream.chassis.store import parked
from orestream.chassis.store.parked import Parked
from orestream.chassis.store.parking import parked_ref


async def release(unit: Unit, key: str) -> int:
    """Go through the records under a key, in order, until one has to stay; how many went."""
    await unit.load_parking()
    firsts = await parked.first_places(unit.transaction)
    gone = 0
    for record in await parked.of_key(unit.transaction, key):
        # only what came before it can hold a record up, or two could hold up each other
        blocked = {other for other, first in firsts.items() if first < record.place and other != key}
        if not await _go(unit, record, blocked):
            break
        gone += 1
    if key not in unit.parking.keys:
        await set_free(unit, key)
    return gone


async def set_free(unit: Unit, key: str) -> None:
    """Commands that wait for this key can be decided."""
    freed = parked_ref(key)
    await unit.load([freed])
    unit.raised.add(freed)
    unit.wake(freed)


async def _go(unit: Unit, record: Parked, blocked: Collection[str]) -> bool:
    """Discard or decide one record; False where it stays."""
    if record.wish == "discard":
        parking.notify(unit, parking.DISCARDED, record, cause_of(record.record), record.wish_why)
        unit.committed.discarded += 1
    elif not _may_go(record, blocked) or not await _decide(unit, record, blocked):
        return False
    else:
        unit.committed.released += 1
    unit.unparked.append(record.place)
    unit.set_parking(unit.parking.with_one_less(record.key))
    return True


def _may_go(record: Parked, blocked: Collection[str]) -> bool:
    if record.behind is None:
        return record.wish == "retry"
    return record.behind not in blocked


async def _decide(unit: Unit, record: Parked, blocked: Collection[str]) -> bool:
    """Have it take effect; where it cannot, write down why it stays."""
    inbound = read_fact(unit.setup, record.record)
    if not isinstance(inbound, FactIn):
        why = f"unknown type {inbound.type}" if isinstance(inbound, FactUnknown) else str(inbound.error)
        return _stay(unit, record, why, record.attempts + 1, None)
    verdict = await decide(unit, inbound, blocked)
    match verdict:
        case Blocked():
            return _stay(unit, record, f"behind {verdict.key}", record.attempts, verdict.key)
        case Failed():
            return _stay(unit, record, verdict.why, record.attempts + verdict.attempts, None)
        case Judged():
            parking.notify(unit, parking.RELEASED, record, inbound.cause, "decided")
            unit.apply(verdict)
            unit.leave(inbound.cause, verdict)
            return True


def _stay(unit: Unit, record: Parked, why: str, attempts: int, behind: str | None) -> bool:
    stays = replace(record, reason=parking.storable(why), attempts=attempts, behind=behind)
    unit.marked.append(stays)
    if behind is None:
        parking.notify(unit, parking.PARKED, stays, cause_of(record.record))
    return False
