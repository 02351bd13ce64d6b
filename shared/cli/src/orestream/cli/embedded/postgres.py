"""An embedded PostgreSQL for asyncio programs: the demo, `orestream up`, the tests."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

from orestream.cli.embedded.cluster import PostgresCluster


class EmbeddedPostgres:
    """A genuine PostgreSQL in a process of its own that ends with this one.

    `async with EmbeddedPostgres(directory) as postgres:` starts and stops it. Works as root (the server then
    runs as `nobody`) and as any other user.

    Args:
        data_dir: where it keeps everything; created when missing.
        port: 0 chooses a free one, which is kept by `restart`.
    """

    def __init__(self, data_dir: Path, port: int = 0) -> None:
        self._cluster = PostgresCluster(data_dir, port)

    @property
    def pid(self) -> int:
        """Process id of the server; known once started."""
        return self._cluster.pid

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._cluster.running

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self._cluster.log

    def dsn(self, database: str, driver: str = "postgresql+asyncpg") -> str:
        """Return the URL of a database, as SQLAlchemy and the services' settings take it."""
        return self._cluster.dsn(database, driver)

    async def start(self) -> None:
        """Start and return when it takes connections.

        Raises:
            EmbeddedError: it is not packaged for this machine, or does not start.
        """
        await asyncio.to_thread(self._cluster.start)

    async def stop(self, grace_s: float = 15.0) -> None:
        """End every connection, write a checkpoint, end; kill it after the grace period."""
        await asyncio.to_thread(self._cluster.stop, grace_s)

    async def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        await asyncio.to_thread(self._cluster.kill)

    async def restart(self, *, immediate: bool = False) -> None:
        """Restart on the same port; `immediate` aborts without a checkpoint (`pg_ctl -m immediate`)."""
        await asyncio.to_thread(lambda: self._cluster.restart(immediate=immediate))

    async def create_database(self, name: str) -> str:
        """Create a database unless it is there, and return its URL."""
        return await asyncio.to_thread(self._cluster.create_database, name)

    async def drop_database(self, name: str) -> None:
        """Drop a database, ending its connections."""
        await asyncio.to_thread(self._cluster.drop_database, name)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()
