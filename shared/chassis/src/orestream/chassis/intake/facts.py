"""A fact of another service arrives: once, in sequence, and takes effect, or is set aside."""

from __future__ import annotations

from collections.abc import Collection

from orestream.chassis.intake import parking
from orestream.chassis.intake.decide import Blocked, Failed, decide
from orestream.chassis.intake.inbound import (
    FactBroken,
    FactIn,
    FactLike,
    FactUnknown,
    cause_of,
    key_text,
)
from orestream.chassis.intake.taken import Halt
from orestream.chassis.intake.unit import Unit
from orestream.chassis.records import Series
from orestream.chassis.store.received import Source


class HoleFound(Exception):
    """Facts are missing before a record: take what comes before it, then stop its partition."""

    def __init__(self, halt: Halt) -> None:
        super().__init__(halt.why)
        self.halt = halt


def sources_of(inbounds: Collection[FactLike]) -> set[Source]:
    """Everything that a sequence check of these depends on."""
    sources = {inbound.source for inbound in inbounds if inbound.source is not None}
    series = {(inbound.record.topic, inbound.record.partition) for inbound in inbounds}
    return sources | {Source("", *one) for one in series}


async def arrive(unit: Unit, inbound: FactLike, from_start: set[Series]) -> None:
    """Take one fact in.

    Raises:
        HoleFound: one that comes before it has been lost.
        Tripped: it fails, and is one too many that does.
    """
    if not next_in_sequence(unit, inbound, from_start):
        unit.committed.repeated += 1
        return
    if isinstance(inbound, FactUnknown):
        unit.committed.skipped[inbound.type] += 1
        return
    if inbound.key in unit.parking.keys:
        parking.follow(unit, inbound, behind=inbound.key)
    elif isinstance(inbound, FactBroken):
        parking.park(unit, inbound, str(inbound.error), attempts=1)
    else:
        await _take_effect(unit, inbound)


async def _take_effect(unit: Unit, inbound: FactIn) -> None:
    verdict = await decide(unit, inbound, unit.parking.keys)
    if isinstance(verdict, Blocked):
        parking.follow(unit, inbound, behind=verdict.key)
    elif isinstance(verdict, Failed):
        parking.park(unit, inbound, verdict.why, attempts=verdict.attempts)
    else:
        unit.apply(verdict)
        unit.leave(inbound.cause, verdict)
        unit.breaker.passed()


def next_in_sequence(unit: Unit, inbound: FactLike, from_start: set[Series]) -> bool:
    """True for the next one, False for a repeat; a hole raises.

    A record whose sequence cannot be read uses up one number, which then may be missing.
    """
    if inbound.source is None:
        unit.received[_uncounted(inbound)] = unit.received.get(_uncounted(inbound), 0) + 1
        return True
    last = unit.received.get(inbound.source)
    if last is None:
        record = inbound.record
        last = 0 if Series(record.topic, record.partition) in from_start else inbound.sequence - 1
    if inbound.sequence <= last:
        return False
    missing = inbound.sequence - last - 1
    if missing:
        _excuse(unit, inbound, last, missing)
    unit.received[inbound.source] = inbound.sequence
    return True


def _excuse(unit: Unit, inbound: FactLike, last: int, missing: int) -> None:
    uncounted = unit.received.get(_uncounted(inbound), 0)
    if uncounted >= missing:
        unit.received[_uncounted(inbound)] = uncounted - missing
        return
    record = inbound.record
    assert inbound.source is not None
    why = f"{inbound.source.source} goes from sequence {last} to {inbound.sequence}: {missing} facts are lost"
    correlation_id = cause_of(record).correlation_id
    raise HoleFound(
        Halt(record.topic, record.partition, record.offset, why, key_text(record), correlation_id)
    )


def _uncounted(inbound: FactLike) -> Source:
    """Where records without a readable sequence are counted."""
    return Source("", inbound.record.topic, inbound.record.partition)
