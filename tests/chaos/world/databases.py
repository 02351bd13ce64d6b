"""The databases of a run, and the run's own look into them, past the proxies."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from orestream.cli.embedded.cluster import PostgresCluster
from orestream.contracts.topics import SERVICES
from tests.chaos.world.standby import Standby

Rows = Sequence[Sequence[Any]]
_PATIENCE_S = 5.0
_ATTEMPTS = 50
_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # a query that meets the server's farewell: the client says that another operation is in progress
    asyncpg.InternalClientError,
)
_END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE $1"


class Unreadable(Exception):
    """The database does not answer now; a fault may be the reason."""


class Databases(Protocol):
    """One database for each service."""

    def url(self, service: str) -> str:
        """As settings name it, past every proxy."""

    def address(self) -> tuple[str, int] | None:
        """Where the server listens; None where there is none."""

    def start(self) -> None:
        """Start the server, and have a database for each service."""

    def stop(self) -> None:
        """End the server."""

    async def rows(self, service: str, sql: str) -> Rows:
        """What a query finds. Raises Unreadable."""

    async def back_up(self, service: str) -> None:
        """Keep a copy of a database that no service uses now."""

    async def exchange(self, service: str) -> None:
        """Put the copy in the database's place and the database in the copy's; no service uses it now."""

    async def copy_rows(self, service: str, sql: str) -> Rows:
        """What a query finds in the copy."""


async def rows_at(dsn: str, sql: str) -> Rows:
    """What a query finds in a database that nobody else looks into."""
    connection = await asyncpg.connect(dsn, timeout=_PATIENCE_S)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


class SqliteDatabases:
    """A file for each service."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def url(self, service: str) -> str:
        return f"sqlite:///{self._directory / service}.db"

    def address(self) -> None:
        return None

    def start(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)

    def stop(self) -> None:
        """Files need no end."""

    async def rows(self, service: str, sql: str) -> Rows:
        return await asyncio.to_thread(self._rows, service, sql)

    async def back_up(self, service: str) -> None:
        for current, copy in self._files(service):
            if current.exists():
                await asyncio.to_thread(shutil.copyfile, current, copy)

    async def exchange(self, service: str) -> None:
        for current, copy in self._files(service):
            aside = current.with_suffix(".aside")
            for source, target in ((current, aside), (copy, current), (aside, copy)):
                if source.exists():
                    source.rename(target)

    async def copy_rows(self, service: str, sql: str) -> Rows:
        with closing(sqlite3.connect(self._directory / f"backup-{service}.db")) as connection:
            return connection.execute(sql).fetchall()

    def _files(self, service: str) -> list[tuple[Path, Path]]:
        """Each file of a database, and its copy. What is shared among processes is made anew."""
        (self._directory / f"{service}.db-shm").unlink(missing_ok=True)
        names = (f"{service}.db", f"{service}.db-wal")
        return [(self._directory / name, self._directory / f"backup-{name}") for name in names]

    def _rows(self, service: str, sql: str) -> Rows:
        try:
            file = f"file:{self._directory / service}.db?mode=ro"
            with closing(sqlite3.connect(file, uri=True, timeout=_PATIENCE_S)) as connection:
                return connection.execute(sql).fetchall()
        except sqlite3.Error as error:
            raise Unreadable(str(error)) from error


class PostgresDatabases:
    """A database for each service on one server."""

    def __init__(self, directory: Path) -> None:
        self.cluster = PostgresCluster(directory)
        self._directory = directory
        self._copies = 0
        self._connections: dict[str, asyncpg.Connection[asyncpg.Record]] = {}
        self._locks = {service: asyncio.Lock() for service in SERVICES}

    def url(self, service: str) -> str:
        return self.cluster.dsn(f"orestream_{service}", "postgresql")

    def address(self) -> tuple[str, int]:
        host, _, port = self.url("mining").rpartition("@")[2].partition("/")[0].partition(":")
        return host, int(port)

    def start(self) -> None:
        self.cluster.start()
        for service in SERVICES:
            self.cluster.create_database(f"orestream_{service}")

    def stop(self) -> None:
        self.cluster.stop()

    async def rows(self, service: str, sql: str) -> Rows:
        async with self._locks[service]:
            try:
                connection = await self._connection(service)
                async with asyncio.timeout(_PATIENCE_S):
                    return [tuple(row) for row in await connection.fetch(sql)]
            except _AWAY as error:
                await self.forget(service)
                raise Unreadable(repr(error)) from error

    async def back_up(self, service: str) -> None:
        name = f"orestream_{service}"
        await self._alone(service, f"DROP DATABASE IF EXISTS backup_{service}")
        await self._alone(service, f"CREATE DATABASE backup_{service} TEMPLATE {name}")

    async def exchange(self, service: str) -> None:
        names = (f"orestream_{service}", f"backup_{service}", f"aside_{service}")
        for source, target in ((0, 2), (1, 0), (2, 1)):
            await self._alone(service, f"ALTER DATABASE {names[source]} RENAME TO {names[target]}")

    async def copy_rows(self, service: str, sql: str) -> Rows:
        return await rows_at(self.cluster.dsn(f"backup_{service}", "postgresql"), sql)

    def make_standby(self) -> Standby:
        """Another server that follows this one."""
        self._copies += 1
        target = self._directory.with_name(f"standby-{self._copies}")
        return Standby.of(self.cluster, self._directory, target)

    async def become(self, cluster: PostgresCluster) -> None:
        """From now on that is the server; the one before is dead."""
        for service in SERVICES:
            await self.forget(service)
        self.cluster = cluster
        self._directory = cluster.log.parent

    async def empty(self, service: str) -> None:
        """A new database without tables in the place of one that no service uses now."""
        await self._alone(service, f"DROP DATABASE orestream_{service}")
        await asyncio.to_thread(self.cluster.create_database, f"orestream_{service}")

    async def _alone(self, service: str, sql: str) -> None:
        """A statement that nobody may be connected for; the run's own looks are ended, and come again."""
        connection = await asyncpg.connect(self.cluster.dsn("postgres", "postgresql"), timeout=_PATIENCE_S)
        try:
            for attempt in range(_ATTEMPTS):
                await connection.execute(_END_ALL, f"%_{service}")
                try:
                    await connection.execute(sql)
                except asyncpg.ObjectInUseError:
                    if attempt == _ATTEMPTS - 1:
                        raise
                else:
                    return
        finally:
            connection.terminate()

    async def forget(self, service: str) -> None:
        """Close the run's own connection to a database."""
        known = self._connections.pop(service, None)
        if known is not None:
            known.terminate()

    async def connect(self, service: str) -> asyncpg.Connection[asyncpg.Record]:
        """A connection of one's own, told apart from the services' by its name."""
        return await asyncpg.connect(
            self.url(service), timeout=_PATIENCE_S, server_settings={"application_name": "chaos"}
        )

    async def _connection(self, service: str) -> asyncpg.Connection[asyncpg.Record]:
        known = self._connections.get(service)
        if known is None or known.is_closed():
            known = self._connections[service] = await self.connect(service)
        return known
