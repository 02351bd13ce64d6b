"""Writes what a transaction has decided: lanes, aggregates, command ids, then the counters, in this order."""

from __future__ import annotations

from dataclasses import dataclass, field

from orestream.chassis.intake.unit import Unit
from orestream.chassis.store import aggregates, answers, lanes, outbox, parked, queues, received, tasks
from orestream.chassis.store.aggregates import Change
from orestream.chassis.store.lanes import LaneChange
from orestream.chassis.store.transaction import Conflict
from orestream.contracts.decision import Ref


@dataclass(slots=True)
class Locks:
    """What a transaction locks before it reads, once running freely has failed too often."""

    lanes: set[str] = field(default_factory=set)
    refs: set[Ref] = field(default_factory=set)

    def learn(self, unit: Unit) -> None:
        """Whatever an attempt turned out to need."""
        self.lanes |= unit.lane_keys
        self.refs |= unit.refs

    def cover(self, unit: Unit) -> bool:
        """True where nothing is needed beyond what is locked."""
        return unit.lane_keys <= self.lanes and unit.refs <= self.refs


async def lock_first(unit: Unit, locks: Locks) -> None:
    """Lock everything known to be needed, in order, before reading."""
    await lanes.lock(unit.transaction, locks.lanes)
    await aggregates.lock(unit.transaction, locks.refs)


async def write(unit: Unit, locks: Locks | None) -> None:
    """Validate what was read and write what changed.

    Raises:
        Conflict: something read has changed, or more is needed than was locked first.
    """
    if locks is not None and not locks.cover(unit):
        raise Conflict("more rows are needed than were locked")
    await _lanes(unit)
    await _aggregates(unit)
    await answers.insert(unit.transaction, list(unit.remembered.values()))
    await answers.finish(unit.transaction, list(unit.finished.values()))
    await tasks.insert(unit.transaction, unit.left_tasks)
    await tasks.proceed(unit.transaction, unit.continued)
    await _queues(unit)
    await received.write(unit.transaction, unit.received)
    await parked.insert(unit.transaction, unit.parked)
    await parked.mark(unit.transaction, unit.marked)
    await parked.delete(unit.transaction, unit.unparked)
    await outbox.append(unit.transaction, unit.decisions)


async def _lanes(unit: Unit) -> None:
    read = {key: lane.version for key, lane in unit.lanes.items()}
    await lanes.validate(unit.transaction, read, unit.woken)
    changed = [lane for lane in unit.lanes.values() if lane.changed]
    await lanes.update(
        unit.transaction, [LaneChange(lane.key, lane.ready, lane.next_place) for lane in changed]
    )
    await lanes.wake(unit.transaction, unit.woken)


async def _aggregates(unit: Unit) -> None:
    versions = unit.versions
    changes = [Change(ref, versions[ref], *unit.text_of(ref)) for ref in unit.changed]
    raised = {ref: versions[ref] for ref in unit.raised - unit.changed}
    read = {ref: versions[ref] for ref in unit.asked - unit.changed - unit.raised}
    await aggregates.commit(unit.transaction, changes, raised, read)


async def _queues(unit: Unit) -> None:
    await queues.add(unit.transaction, unit.queued)
    await queues.need(unit.transaction, unit.needs)
    await queues.leave(unit.transaction, unit.left)
