"""A PostgreSQL standby that follows a server asynchronously, falls behind, and can be promoted."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import asyncpg

from orestream.cli.embedded.cluster import PostgresCluster, packaged

_COPIED_S = 120.0
_FOLLOWS_S = 60.0
_PROMOTED_S = 60
_LOOK_S = 0.1


class NoStandby(Exception):
    """It does not do what a standby does."""


class Standby:
    """A copy of a whole server, with every database on it.

    Replay is not paused to make it lag: what has been received is replayed before a promotion ends, so that
    only what was never received is lost. Its line to the primary is taken down instead.
    """

    def __init__(self, cluster: PostgresCluster) -> None:
        self.cluster = cluster

    @classmethod
    def of(cls, primary: PostgresCluster, source: Path, target: Path) -> Standby:
        """Copy the running server whose directory is `source`, and start the copy as its standby."""
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        data = target / "data"
        url = primary.dsn("postgres", "postgresql")
        command = (packaged("pg_basebackup"), "-d", url, "-D", data, "-R", "-X", "stream", "-c", "fast")
        with (target / "copy.log").open("wb") as log:
            subprocess.run(command, stdout=log, stderr=log, check=True, timeout=_COPIED_S)
        shutil.copy2(source / "password", target / "password")
        owner = (source / "data").stat()
        for path in (data, *data.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)
        (target / "initialised").touch()
        cluster = PostgresCluster(target)
        cluster.start()
        return cls(cluster)

    async def follow(self) -> None:
        """Until it receives what the primary writes. Raises NoStandby."""
        await self._until("SELECT count(*) = 1 FROM pg_stat_wal_receiver WHERE status = 'streaming'")

    async def fall_behind(self) -> None:
        """From now on it receives nothing more. Raises NoStandby."""
        await self._value("ALTER SYSTEM SET primary_conninfo = ''")
        await self._value("SELECT pg_reload_conf()")
        await self._until("SELECT count(*) = 0 FROM pg_stat_wal_receiver")
        await self._until("SELECT pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn()")

    async def promote(self) -> None:
        """It becomes a server of its own. Raises NoStandby."""
        if not await self._value(f"SELECT pg_promote(true, {_PROMOTED_S})"):
            raise NoStandby("it was not promoted in time")

    async def head(self, service: str) -> int:
        """The last row of a service's outbox that has arrived here."""
        return int(await self._value("SELECT position FROM outbox_head", f"orestream_{service}") or 0)

    async def _until(self, question: str) -> None:
        deadline = time.monotonic() + _FOLLOWS_S
        while not await self._value(question):
            if time.monotonic() > deadline:
                raise NoStandby(f"in {_FOLLOWS_S:.0f} s never true: {question}")
            await asyncio.sleep(_LOOK_S)

    async def _value(self, sql: str, database: str = "postgres") -> Any:
        connection = await asyncpg.connect(self.cluster.dsn(database, "postgresql"))
        try:
            return (
                await connection.fetchval(sql) if sql.startswith("SELECT") else await connection.execute(sql)
            )
        finally:
            await connection.close()
