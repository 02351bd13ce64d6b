"""One poll batch in one transaction: offsets first, then record after record in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orestream.chassis.intake import commands, facts
from orestream.chassis.intake.decide import changed, foresee
from orestream.chassis.intake.inbound import CommandBroken, CommandIn, FactIn, FactLike, Inbound, read
from orestream.chassis.intake.setup import Setup
from orestream.chassis.intake.taken import Halt, Moved
from orestream.chassis.intake.unit import Unit
from orestream.chassis.records import Fetched, Place, Series
from orestream.chassis.store import offsets, received
from orestream.chassis.store.transaction import Transaction

_COMMAND_LIKE = (CommandIn, CommandBroken)


class Overtaken(Exception):
    """An offset is not where it was expected: somebody else has moved it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records from where the database stood, and where it will stand after them."""

    inbounds: tuple[Inbound, ...]
    moves: Mapping[Series, tuple[int, int]]
    """Partition → the offset that is expected, and the one that comes next."""
    places: Mapping[Series, Place]
    halts: tuple[Halt, ...] = field(default=())

    @classmethod
    def of(
        cls,
        setup: Setup,
        records: Sequence[Fetched],
        expected: Mapping[Series, int],
        places: Mapping[Series, Place],
    ) -> Batch:
        """Decode; what lies below the expected offsets is left out."""
        starts = {(one.topic, one.partition): at for one, at in expected.items()}
        ends = dict(starts)
        fresh = []
        for record in records:
            one = record.topic, record.partition
            if record.offset >= starts[one]:
                fresh.append(read(setup, record))
                ends[one] = record.offset + 1
        return cls(tuple(fresh), {one: (at, ends[one]) for one, at in expected.items()}, places)

    def halves(self) -> tuple[Batch, Batch]:
        """The first half of the records, and the rest from where that ends."""
        middle = len(self.inbounds) // 2
        first, rest = self.inbounds[:middle], self.inbounds[middle:]
        ends = {one: start for one, (start, _) in self.moves.items()}
        for inbound in first:
            ends[_series(inbound)] = inbound.record.offset + 1
        return (
            Batch(first, {one: (start, ends[one]) for one, (start, _) in self.moves.items()}, self.places),
            Batch(
                rest,
                {one: (ends[one], end) for one, (_, end) in self.moves.items()},
                self.places,
                self.halts,
            ),
        )

    def without(self, halt: Halt) -> Batch:
        """What comes before a hole, in its partition, and everything of the others."""
        one = Series(halt.topic, halt.partition)
        kept = tuple(i for i in self.inbounds if _series(i) != one or i.record.offset < halt.offset)
        moves = {**self.moves, one: (self.moves[one][0], halt.offset)}
        return Batch(kept, moves, self.places, (*self.halts, halt))

    def after(self, before: Moved) -> Batch:
        """The rest of a batch whose first half is taken: nothing more of partitions that halted there."""
        stopped = {Series(halt.topic, halt.partition): halt.offset for halt in before.halted}
        kept = tuple(i for i in self.inbounds if _series(i) not in stopped)
        moves = {**self.moves, **{one: (at, at) for one, at in stopped.items()}}
        return Batch(kept, moves, self.places, self.halts)

    @property
    def moving(self) -> bool:
        """False where everything lies below the stored offsets."""
        return any(start != end for start, end in self.moves.values())

    def moved(self, *, ready: bool) -> Moved:
        """What to tell when it is committed."""
        return Moved(
            {(one.topic, one.partition): end for one, (_, end) in self.moves.items()}, self.halts, ready
        )

    async def move(self, transaction: Transaction) -> None:
        """Move the offsets. Raises Overtaken."""
        moves = [(self.places[one], *move) for one, move in sorted(self.moves.items()) if move[0] != move[1]]
        if not await offsets.move(transaction, moves):
            raise Overtaken


async def take(unit: Unit, batch: Batch) -> bool:
    """Take every record of a batch in, in order; True where waiting commands can be decided now.

    Raises:
        HoleFound: a fact has been lost before one of them.
        Tripped: too many facts fail.
    """
    facts_in = [i for i in batch.inbounds if not isinstance(i, _COMMAND_LIKE)]
    commands_in = [i for i in batch.inbounds if isinstance(i, _COMMAND_LIKE)]
    await unit.load_lanes({i.key for i in commands_in if isinstance(i, CommandIn)})
    await unit.load_answers({i.cause.id for i in commands_in})
    unit.received.update(await received.read(unit.transaction, facts.sources_of(facts_in)))
    from_start = await _from_start(unit, batch, facts_in)
    await unit.load_parking(changed(unit, facts_in))
    await _look_ahead(unit, batch.inbounds)
    for inbound in batch.inbounds:
        if isinstance(inbound, _COMMAND_LIKE):
            await commands.arrive(unit, inbound)
        else:
            await facts.arrive(unit, inbound, from_start)
    return bool(unit.woken or unit.left_tasks) or any(lane.ready for lane in unit.lanes.values())


async def _from_start(unit: Unit, batch: Batch, inbounds: Sequence[FactLike]) -> set[Series]:
    """Partitions read from their beginning, so that a source's sequence begins at 1 in them.

    Asked only where a source is new: one that is known goes on from what is known.
    """
    new = {_series(i) for i in inbounds if i.source is not None and i.source not in unit.received}
    return await offsets.read_from_start(unit.transaction, {one: batch.places[one] for one in new})


async def _look_ahead(unit: Unit, inbounds: Sequence[Inbound]) -> None:
    """Decide ahead what can be, so that all of it is loaded in few queries."""
    ahead: list[CommandIn | FactIn] = []
    for inbound in inbounds:
        if isinstance(inbound, FactIn):
            ahead.append(inbound)
        elif isinstance(inbound, CommandIn) and inbound.cause.id not in unit.answers:
            lane = unit.lanes[inbound.key]
            if lane.head is None or not lane.ready:
                ahead.append(inbound)
    await foresee(unit, ahead, unit.parking.keys)


def _series(inbound: Inbound) -> Series:
    return Series(inbound.record.topic, inbound.record.partition)
