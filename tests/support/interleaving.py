"""A database whose transactions stop where a test wants them to, so that two interleave on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from orestream.chassis.store.statement import Statement
from orestream.chassis.store.transaction import Database, InDoubt, Row, Transaction

BEFORE_VALIDATING = "INSERT INTO lane"
"""The first statement after everything is decided, in every transaction of the intake."""
BEFORE_COMMIT = "COMMIT"
"""After every statement."""

Stop = Callable[["Stepwise"], Awaitable[None]]


@dataclass
class Interleaved:
    """Another way to a database; each of `stops` is awaited once, before its statement is run."""

    database: Database
    stops: dict[str, Stop] = field(default_factory=dict)
    loses_answers: int = 0
    """Of so many commits the answer does not come, though they have happened."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self.database.transaction() as transaction:
            stepwise = Stepwise(self, transaction)
            yield stepwise
            await stepwise.stop_before(BEFORE_COMMIT)
        if self.loses_answers:
            self.loses_answers -= 1
            raise InDoubt("the answer to the commit was lost")

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        return self.database.reading()

    async def close(self) -> None:
        await self.database.close()


@dataclass
class Stepwise:
    """A transaction of it."""

    way: Interleaved
    transaction: Transaction

    def __post_init__(self) -> None:
        self.locks = self.transaction.locks

    async def select(self, statement: Statement, *arguments: Any) -> Sequence[Row]:
        await self.stop_before(statement.postgres)
        return await self.transaction.select(statement, *arguments)

    async def run(self, statement: Statement, *arguments: Any) -> int:
        await self.stop_before(statement.postgres)
        return await self.transaction.run(statement, *arguments)

    async def read(self, statement: Statement, given: Sequence[Row]) -> Sequence[Row]:
        await self.stop_before(statement.postgres)
        return await self.transaction.read(statement, given)

    async def write(self, statement: Statement, given: Sequence[Row]) -> int:
        await self.stop_before(statement.postgres)
        return await self.transaction.write(statement, given)

    async def stop_before(self, sql: str) -> None:
        for words in [words for words in self.way.stops if words in sql]:
            await self.way.stops.pop(words)(self)


def meeting(*ways: Interleaved, at: str = BEFORE_VALIDATING) -> None:
    """Have the next transaction of each go on only when all of them have come so far."""
    barrier = asyncio.Barrier(len(ways))

    async def meet(_: Stepwise) -> None:
        await barrier.wait()

    for way in ways:
        way.stops[at] = meet
