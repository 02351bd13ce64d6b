"""Faults of the database server: restarted at once, connections ended, none left, a deadlock."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import asyncpg

from tests.chaos.faults.fault import Planned
from tests.chaos.world.databases import PostgresDatabases
from tests.chaos.world.world import World

_ENDED = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'orestream'"
_BETWEEN_S = 0.3
_STARTS_S = 30.0
_GONE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


def server(world: World) -> PostgresDatabases:
    """The server of a run that has one."""
    assert isinstance(world.databases, PostgresDatabases)
    return world.databases


async def connection_to(world: World, service: str) -> asyncpg.Connection[asyncpg.Record]:
    """A connection as soon as the server gives one: another fault may just have restarted it."""
    deadline = time.monotonic() + _STARTS_S
    while True:
        try:
            return await server(world).connect(service)
        except _GONE:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(_BETWEEN_S)


@dataclass(slots=True)
class RestartPostgres:
    """An immediate restart: no checkpoint, every connection broken."""

    planned: Planned

    async def inject(self, world: World) -> str:
        await asyncio.to_thread(lambda: server(world).cluster.restart(immediate=True))
        return "postgres"

    async def heal(self, world: World) -> None:
        """It is there again."""


@dataclass(slots=True)
class EndConnections:
    """Every connection of the services is ended by the server, again and again."""

    planned: Planned
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    async def inject(self, world: World) -> str:
        self._task = asyncio.create_task(self._end(world))
        return "postgres"

    async def heal(self, world: World) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _end(self, world: World) -> None:
        connection = await connection_to(world, self.planned.service)
        try:
            while True:
                await connection.execute(_ENDED)
                await asyncio.sleep(_BETWEEN_S * (1 + self.planned.number % 4))
        finally:
            connection.terminate()


@dataclass(slots=True)
class ExhaustConnections:
    """All connections that the server allows are taken, the services' own too once they were ended."""

    planned: Planned
    _held: list[asyncpg.Connection[asyncpg.Record]] = field(default_factory=list, init=False)

    async def inject(self, world: World) -> str:
        first = await connection_to(world, self.planned.service)
        self._held.append(first)
        await self._take_all(world)
        free = len(self._held)
        await first.execute(_ENDED)
        await self._take_all(world)
        return f"postgres with {free} free connections taken, and {len(self._held) - free} of the services"

    async def heal(self, world: World) -> None:
        for connection in self._held:
            connection.terminate()

    async def _take_all(self, world: World) -> None:
        """Until there is none left."""
        try:
            while True:
                self._held.append(await server(world).connect(self.planned.service))
        except _GONE:
            return


@dataclass(slots=True)
class Deadlock:
    """Sessions of the fault's own lock rows that decisions lock too, in the opposite order."""

    planned: Planned
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    async def inject(self, world: World) -> str:
        self._task = asyncio.create_task(self._lock(world))
        return self.planned.service

    async def heal(self, world: World) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _lock(self, world: World) -> None:
        """The head first and the offsets last, which every decision does the other way round."""
        while True:
            connection = await connection_to(world, self.planned.service)
            try:
                async with connection.transaction():
                    await connection.execute("SELECT * FROM outbox_head FOR UPDATE")
                    await asyncio.sleep(_BETWEEN_S)
                    await connection.execute("SELECT * FROM intake FOR UPDATE")
                    await asyncio.sleep(_BETWEEN_S)
            except asyncpg.DeadlockDetectedError:
                pass  # this session was the one that had to give way: the next one may not
            finally:
                connection.terminate()
