"""Services on the bench's broker and database server, started and ended as an operator's machines would.

Topics, databases and directories are this fleet's own: they are made before the first process starts, and
gone when the fleet is left.
"""

from __future__ import annotations

import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg

from orestream.cli.embedded.child import Child
from orestream.cli.embedded.ports import free_port
from tests.bench.harness.bench import CHECKOUT, Bench
from tests.bench.harness.stage import PARTITIONS, delete_topics
from tests.bench.harness.usage import Processes

HANDLER = "handler"
MODULES = {
    "mining": "orestream.mining",
    "processing": "orestream.processing",
    "export": "orestream.export",
    HANDLER: "tests.bench.service",
}
"""The services, and the bench's own handler under the same chassis."""

_START_S = 60.0
_STOP_S = 20.0
_POLL_S = 0.01


class FleetFailed(Exception):
    """A process did not start, or ended; the message has the end of its log."""


@dataclass(frozen=True, slots=True)
class Replica:
    """One running process of a service."""

    service: str
    child: Child
    port: int
    starting_s: float
    """From its start until it said that it is ready."""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.child.pid


@dataclass(slots=True)
class Fleet:
    """What runs.

    Args:
        bench: whose broker and database server are used.
        services: names of `MODULES`; each gets a database of its own.
    """

    bench: Bench
    services: Sequence[str]
    replicas: list[Replica] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)
    _directory: Path = Path()
    _urls: dict[str, str] = field(default_factory=dict)
    _started: int = 0

    def __enter__(self) -> Self:
        self._stack.__enter__()
        try:
            self._prepare()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def bootstrap(self) -> str:
        """The broker."""
        return self.bench.broker.bootstrap

    def start(self, service: str) -> Replica:
        """Start one more process of a service; returns when it says that it is ready."""
        self._started += 1
        port = free_port("127.0.0.1")
        began = time.monotonic()
        log = self._directory / f"{service}-{self._started}.log"
        child = Child(
            (sys.executable, "-m", MODULES[service], "run"), log, environment=self._environment(service, port)
        )
        self._stack.callback(child.stop, _STOP_S)
        while not _ready(port):
            if not child.running or time.monotonic() > began + _START_S:
                raise FleetFailed(f"{service} did not become ready: {child.log_tail}")
            time.sleep(_POLL_S)
        replica = Replica(service, child, port, time.monotonic() - began)
        self.replicas.append(replica)
        return replica

    def start_all(self) -> None:
        """One process of each."""
        for service in self.services:
            self.start(service)

    def stop(self, replica: Replica) -> None:
        """End one as an orchestrator does: SIGTERM, then wait."""
        self.replicas.remove(replica)
        replica.child.stop(_STOP_S)

    def kill(self, replica: Replica) -> None:
        """End one with SIGKILL."""
        self.replicas.remove(replica)
        replica.child.kill()

    def processes(self) -> Processes:
        """Whose CPU time counts as the application's, the database's and the broker's."""
        application = tuple(replica.pid for replica in self.replicas)
        return Processes(application, (self.bench.postgres.pid,), (self.bench.broker.pid,))

    async def connect(self, service: str) -> asyncpg.Connection[asyncpg.Record]:
        """A connection to a service's database."""
        return await asyncpg.connect(self._urls[service].replace("+asyncpg", ""))

    async def relaying(self, service: str) -> Replica:
        """The process that has the lease to relay. Raises FleetFailed where none of these has."""
        connection = await self.connect(service)
        try:
            holder = await connection.fetchval("SELECT holder FROM lease WHERE name = 'relay'")
        finally:
            await connection.close()
        for replica in self.replicas:
            if holder is not None and holder.split("/")[1] == str(replica.pid):
                return replica
        raise FleetFailed(f"the lease of {service} is held by {holder}, which is none of this fleet")

    def _prepare(self) -> None:
        self._stack.callback(delete_topics, self.bootstrap)
        self._directory = self._stack.enter_context(self.bench.scratch("fleet"))
        for service in self.services:
            name = f"fleet_{service}"
            self._urls[service] = self.bench.postgres.create_database(name)
            self._stack.callback(self.bench.postgres.drop_database, name)
            for arguments in (("migrate",), ("topics", "apply")):
                self._run_to_end(service, *arguments)

    def _run_to_end(self, service: str, *arguments: str) -> None:
        log = self._directory / f"{service}-{arguments[0]}.log"
        command = (sys.executable, "-m", MODULES[service], *arguments)
        child = Child(command, log, environment=self._environment(service, 0))
        if child.wait(_START_S) != 0:
            raise FleetFailed(f"{' '.join(arguments)} of {service} failed: {child.log_tail}")

    def _environment(self, service: str, port: int) -> Mapping[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(CHECKOUT),
            "ORESTREAM_BOOTSTRAP_SERVERS": self.bootstrap,
            "ORESTREAM_DATABASE_URL": self._urls[service],
            "ORESTREAM_PARTITIONS": str(PARTITIONS),
            "ORESTREAM_MANAGEMENT_PORT": str(port),
            "ORESTREAM_LOG_LEVEL": "WARNING",
            "ORESTREAM_LOG_FORMAT": "json",
        }


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
