"""The PostgreSQL that tests talk to, in a container or embedded, and fresh databases in it or in SQLite.

`ORESTREAM_TEST_POSTGRES_IMAGE` names an image that is configured like PostgreSQL's official one; it is used
when a container engine answers. Otherwise the embedded server is started.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from orestream.cli.embedded.cluster import PostgresCluster
from orestream.cli.embedded.ports import free_port
from tests.support.brokers import fresh_name
from tests.support.engine import container_engine_answers, eventually

_START_S = 60.0


class DatabaseServer(Protocol):
    """A PostgreSQL server that is shared by many tests: each makes databases of its own."""

    def dsn(self, database: str, driver: str = ...) -> str:
        """Return the URL of a database."""

    def create_database(self, name: str) -> str:
        """Create a database and return its URL."""

    def drop_database(self, name: str) -> None:
        """Drop a database, ending its connections."""


def postgres_image() -> str | None:
    """Return the image to start a server from, if one is named and an engine answers."""
    image = os.environ.get("ORESTREAM_TEST_POSTGRES_IMAGE")
    return image if image and container_engine_answers() else None


@contextmanager
def embedded_cluster(directory: Path) -> Iterator[PostgresCluster]:
    """Run an embedded server."""
    cluster = PostgresCluster(directory)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@contextmanager
def fresh_database(server: DatabaseServer) -> Iterator[str]:
    """Create a database, yield its URL for SQLAlchemy's asyncpg dialect, drop it."""
    name = fresh_name("test_")
    try:
        yield server.create_database(name)
    finally:
        server.drop_database(name)


def sqlite_url(directory: Path) -> str:
    """Return the URL of a SQLite file that does not exist yet, for SQLAlchemy's aiosqlite dialect."""
    return f"sqlite+aiosqlite:///{directory / (fresh_name('test_') + '.sqlite')}"


@contextmanager
def server_in_container(image: str) -> Iterator[DatabaseServer]:
    """Run a server from an image that takes its configuration as the official one does."""
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - slow to import, seldom used

    port, password = free_port(), secrets.token_urlsafe(16)
    container = DockerContainer(image).with_bind_ports(5432, port).with_env("POSTGRES_PASSWORD", password)
    with container:
        server = _ContainedServer(container, port, password)
        eventually(server.takes_connections, _START_S, f"{image} takes connections")
        yield server


class _ContainedServer:
    """PostgreSQL in a container, spoken to by the `psql` beside it."""

    def __init__(self, container: object, port: int, password: str) -> None:
        self._container = container
        self._port = port
        self._password = password

    def dsn(self, database: str, driver: str = "postgresql+asyncpg") -> str:
        return f"{driver}://postgres:{self._password}@127.0.0.1:{self._port}/{database}"

    def create_database(self, name: str) -> str:
        self._psql(f'CREATE DATABASE "{name}"')
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        self._psql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def takes_connections(self) -> bool:
        # over TCP: the image's first start serves a socket before it is ready
        code, _ = self._exec("pg_isready", "-q", "-h", "127.0.0.1")
        return code == 0

    def _psql(self, sql: str) -> None:
        code, output = self._exec("psql", "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-c", sql)
        assert code == 0, output

    def _exec(self, *command: str) -> tuple[int, bytes]:
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - slow to import

        assert isinstance(self._container, DockerContainer)
        result = self._container.exec(list(command))
        return (1 if result.exit_code is None else result.exit_code), bytes(result.output)
