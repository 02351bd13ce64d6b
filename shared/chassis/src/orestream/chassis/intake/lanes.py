"""Drains lanes that are ready, and refuses what has waited too long."""

from __future__ import annotations

from collections.abc import Collection

from orestream.chassis.intake import answers, commands
from orestream.chassis.intake.commands import Final, Needing
from orestream.chassis.intake.decide import foresee
from orestream.chassis.intake.inbound import CommandBroken, CommandIn
from orestream.chassis.intake.judge import Judged
from orestream.chassis.intake.lane import Lane, Waiter
from orestream.chassis.intake.unit import Unit
from orestream.chassis.store import queues
from orestream.contracts.decision import Ref, Refused

_MS_PER_HOUR = 3_600_000


async def drain(unit: Unit, keys: Collection[str]) -> int:
    """Decide what can be decided in these lanes; how many commands got their answer."""
    await _load(unit, keys)
    ready = [lane for lane in unit.lanes.values() if lane.ready]
    heads = [lane.queue[0].inbound for lane in ready if lane.queue]
    await foresee(unit, [head for head in heads if isinstance(head, CommandIn)], unit.parking.keys)
    return sum([await _drain_lane(unit, lane) for lane in ready])


async def expire(unit: Unit, keys: Collection[str], limit_ms: int) -> int:
    """Refuse the heads of these lanes that have waited too long; how many.

    Only in a lane that is not ready: a ready one may be decidable. What remains is decided anew.
    """
    await _load(unit, keys)
    still = [lane for lane in unit.lanes.values() if lane.queue and not lane.ready]
    places = [(lane.key, lane.queue[0].place) for lane in still]
    late = await queues.still_expired(unit.transaction, places, limit_ms)
    for key in sorted(late):
        _refuse_late(unit, unit.lanes[key], limit_ms)
    return len(late)


async def _load(unit: Unit, keys: Collection[str]) -> None:
    await unit.load_lanes(keys)
    await unit.load_queues()
    await unit.load_parking()


async def _drain_lane(unit: Unit, lane: Lane) -> int:
    """Decide the head, in full, again and again.

    While it still waits, its followers are tried in order, and the first that brings what it waits for is
    decided; when none does, the lane is ready no longer.
    """
    before = len(lane.queue)
    while lane.queue:
        needs = await _decide_head(unit, lane)
        if needs and not await _decide_bringer(unit, lane, needs):
            break
    lane.set_ready(False)
    return before - len(lane.queue)


async def _decide_head(unit: Unit, lane: Lane) -> Collection[Ref]:
    """Decide the first in the queue; what it still waits for, or nothing where it has its answer now."""
    head = lane.queue[0]
    if isinstance(head.inbound, CommandBroken):
        _leave(unit, lane, head)
        commands.refuse_broken(unit, head.inbound)
        return ()
    settled = await commands.settle(unit, head.inbound)
    if isinstance(settled, Needing):
        await commands.register(unit, lane, head.place, settled.needs)
        return settled.needs
    _leave(unit, lane, head)
    commands.finish(unit, settled)
    return ()


async def _decide_bringer(unit: Unit, lane: Lane, needs: Collection[Ref]) -> bool:
    """Decide the first follower that brings one of these; False where none does."""
    for follower in lane.queue[1:]:
        if isinstance(follower.inbound, CommandBroken):
            continue
        settled = await commands.settle(unit, follower.inbound)
        if isinstance(settled, Needing):
            await commands.register(unit, lane, follower.place, settled.needs)
        elif settled.judged.brings(needs):
            _leave(unit, lane, follower)
            commands.finish(unit, settled)
            return True
    return False


def _leave(unit: Unit, lane: Lane, waiter: Waiter) -> None:
    lane.queue.remove(waiter)
    unit.left.append((lane.key, waiter.place))


def _refuse_late(unit: Unit, lane: Lane, limit_ms: int) -> None:
    late = lane.queue[0]
    _leave(unit, lane, late)
    lane.set_ready(bool(lane.queue))
    if isinstance(late.inbound, CommandBroken):
        commands.refuse_broken(unit, late.inbound)
    else:
        needs = lane.head.needs if lane.head else frozenset()
        commands.finish(unit, _too_late(unit, late.inbound, needs, limit_ms))


def _too_late(unit: Unit, inbound: CommandIn, needs: Collection[Ref], limit_ms: int) -> Final:
    missing = answers.named(needs)
    hours = f"{limit_ms / _MS_PER_HOUR:g} h"
    refusal = Refused(
        answers.WAITED_TOO_LONG,
        f"waited longer than {hours} for {', '.join(missing) or 'the commands before it'}",
        {"waits_for": list(missing)},
    )
    answer = answers.decided(unit.setup, inbound, refusal, ())
    entry = answers.entry(unit.setup, inbound.cause, answer, 0)
    return Final(inbound.cause, Judged(refusal, (), (), {}, ()), answer, entry)
