"""SQLite in memory, shared by processes that fail at any statement, and whose commits may be in doubt."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from orestream.chassis.errors import DatabaseUnavailable
from orestream.chassis.store.statement import Statement
from orestream.chassis.store.transaction import InDoubt, Row
from tests.support.frail import Life

EPOCH_JULIAN = 2_460_000.5
DAY = 86_400.0


@dataclass
class SharedDatabase:
    """What all processes have; `committed` is called after each commit."""

    connection: sqlite3.Connection
    committed: Callable[[], None] = lambda: None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def like(cls, template: sqlite3.Connection) -> SharedDatabase:
        """A copy, with the running loop's clock as its own."""
        loop = asyncio.get_running_loop()
        connection = sqlite3.connect(":memory:", isolation_level=None)
        template.backup(connection)
        connection.create_function("julianday", 1, lambda _: EPOCH_JULIAN + loop.time() / DAY)
        return cls(connection)


@dataclass
class FrailDatabase:
    """`Database` as one process has it. Points: begin, statement, commit."""

    shared: SharedDatabase
    life: Life

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[FrailTransaction]:
        """See `Database.transaction`."""
        await _or_fail(self.life, "begin")
        async with self.shared.turn:
            connection = self.shared.connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield FrailTransaction(connection, self.life)
                fate = await self.life.reach("commit")
                if fate == "fail":
                    raise DatabaseUnavailable("the commit was refused")
                if fate == "lose":
                    raise InDoubt("the connection broke before the commit came through")
            except BaseException:
                connection.rollback()
                raise
            connection.commit()
            self.shared.committed()
        fate = await self.life.reach("committed")
        if fate in ("fail", "lose"):
            raise InDoubt("the answer to the commit was lost")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[FrailTransaction]:
        """See `Database.reading`."""
        await _or_fail(self.life, "read")
        async with self.shared.turn:
            yield FrailTransaction(self.shared.connection, None)

    async def close(self) -> None:
        """See `Database`."""


@dataclass
class FrailTransaction:
    """See `Transaction`."""

    connection: sqlite3.Connection
    life: Life | None
    locks = False

    async def select(self, statement: Statement, *arguments: Any) -> Sequence[Row]:
        """See `Transaction.select`."""
        await self._reach()
        return self.connection.execute(statement.sqlite, arguments).fetchall()

    async def run(self, statement: Statement, *arguments: Any) -> int:
        """See `Transaction.run`."""
        await self._reach()
        return self.connection.execute(statement.sqlite, arguments).rowcount

    async def read(self, statement: Statement, given: Sequence[Row]) -> Sequence[Row]:
        """See `Transaction.read`."""
        if not given:
            return ()
        await self._reach()
        return self.connection.execute(statement.sqlite, (json.dumps(given),)).fetchall()

    async def write(self, statement: Statement, given: Sequence[Row]) -> int:
        """See `Transaction.write`."""
        if not given:
            return 0
        await self._reach()
        return self.connection.executemany(statement.sqlite_each, given).rowcount

    async def _reach(self) -> None:
        if self.life is not None:
            await _or_fail(self.life, "statement")


async def _or_fail(life: Life, point: str) -> None:
    if await life.reach(point) in ("fail", "lose"):
        raise DatabaseUnavailable(f"the database is away at {point}")
