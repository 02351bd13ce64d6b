"""Two intakes on one database at the same time, held up at chosen statements."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

from orestream.chassis.intake.intake import Intake
from orestream.chassis.intake.setup import IntakeLimits
from orestream.chassis.intake.taken import Moved, Taken
from orestream.chassis.records import Fetched
from orestream.chassis.store import Store
from orestream.chassis.store.postgres import PostgresDatabase
from tests.support.branch import Branch, branch_at
from tests.support.interleaving import Interleaved, meeting
from tests.support.toy_domain import COMMANDS, Tape


@dataclass
class Replicas:
    """Two intakes on one PostgreSQL database, each on connections of its own that can be held up."""

    branch: Branch
    ways: tuple[Interleaved, Interleaved]
    one: Intake
    two: Intake
    other: Tape

    @property
    def conflicts(self) -> int:
        return sum(committed.conflicts for committed in self.branch.committed)

    async def both(self, first: list[Fetched], second: list[Fetched]) -> tuple[Taken, Taken]:
        """Each takes a batch, at the same time."""
        return await asyncio.gather(
            self.one.take(first, self.branch.places), self.two.take(second, self.branch.places)
        )

    async def met(self, first: Fetched, second: Fetched) -> None:
        """Each takes a record, and neither validates before both have decided."""
        meeting(*self.ways)
        assert all(isinstance(taken, Moved) for taken in await self.both([first], [second]))
        assert not any(way.stops for way in self.ways)


async def replicas_at(url: str, stack: AsyncExitStack, limits: IntakeLimits | None = None) -> Replicas:
    branch = await stack.enter_async_context(branch_at(url, limits=limits or IntakeLimits()))
    await branch.register(COMMANDS, 1)
    first, second = [Interleaved(await PostgresDatabase.open(url, 4)) for _ in range(2)]
    stores = [Store(first), Store(second)]
    for store in stores:
        stack.push_async_callback(store.close)
    one, two = [branch.another(store=store) for store in stores]
    return Replicas(branch, (first, second), one, two, Tape(partition=1))
