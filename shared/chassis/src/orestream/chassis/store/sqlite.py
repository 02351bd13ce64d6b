"""SQLite through aiosqlite: one connection that writes, one that reads, for one process."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self

import aiosqlite

from orestream.chassis.errors import DatabaseUnavailable
from orestream.chassis.store.statement import Statement
from orestream.chassis.store.transaction import InDoubt, Row

LOCK_PATIENCE_S = 10.0

_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_NOMEM,
}
_PRIMARY_CODE = 0xFF


class SqliteDatabase:
    """A file. Writers take turns; readers see the last commit."""

    def __init__(self, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the file, made when missing. Raises DatabaseUnavailable."""
        path = path_of(url)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with _sorted_errors():
            writer = await _connect(path)
            try:
                reader = await _connect(path)
            except BaseException:
                await writer.close()
                raise
        return cls(writer, reader)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqliteTransaction]:
        """See `Database.transaction`."""
        async with self._turn:
            with _sorted_errors():
                try:
                    await asyncio.shield(self._writer.execute("BEGIN IMMEDIATE"))
                    yield SqliteTransaction(self._writer)
                except BaseException:
                    # shielded, and in the thread's queue behind whatever was cancelled
                    await asyncio.shield(self._writer.rollback())
                    raise
                await self._commit()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqliteTransaction]:
        """See `Database.reading`."""
        with _sorted_errors():
            yield SqliteTransaction(self._reader)

    async def close(self) -> None:
        """Close both connections."""
        async with self._turn:
            await self._reader.close()
            await self._writer.close()

    async def _commit(self) -> None:
        """Commit, to the end even when cancelled; a failure that ended the transaction leaves it in doubt."""
        try:
            await asyncio.shield(self._writer.commit())
        except sqlite3.OperationalError as error:
            if not self._writer.in_transaction:
                raise InDoubt(str(error)) from error
            await self._writer.rollback()
            raise


class SqliteTransaction:
    """See `Transaction`."""

    locks = False

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def select(self, statement: Statement, *arguments: Any) -> Sequence[Row]:
        """See `Transaction.select`."""
        return await self._fetch(statement.sqlite, arguments)

    async def run(self, statement: Statement, *arguments: Any) -> int:
        """See `Transaction.run`."""
        async with self._connection.execute(statement.sqlite, arguments) as cursor:
            return cursor.rowcount

    async def read(self, statement: Statement, given: Sequence[Row]) -> Sequence[Row]:
        """See `Transaction.read`."""
        return await self._fetch(statement.sqlite, (json.dumps(given),)) if given else ()

    async def write(self, statement: Statement, given: Sequence[Row]) -> int:
        """See `Transaction.write`."""
        if not given:
            return 0
        async with self._connection.executemany(statement.sqlite_each, given) as cursor:
            return cursor.rowcount

    async def _fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        return list(await self._connection.execute_fetchall(sql, arguments))


def path_of(url: str) -> str:
    """`sqlite:///data/mining.db` → `data/mining.db`; four slashes make it absolute."""
    return url.partition("://")[2].removeprefix("/").partition("?")[0]


async def _connect(path: str) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, timeout=LOCK_PATIENCE_S, isolation_level=None)
    try:
        await connection.execute("PRAGMA journal_mode=WAL")
        await connection.execute("PRAGMA synchronous=FULL")
    except BaseException:
        await connection.close()
        raise
    return connection


@contextmanager
def _sorted_errors() -> Iterator[None]:
    """SQLite's errors as the chassis's own; a programming error stays what it is."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & _PRIMARY_CODE in _PASSING:
            raise DatabaseUnavailable(f"SQLite: {error}") from error
        raise
