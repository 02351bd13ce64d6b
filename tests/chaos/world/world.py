"""Everything a run consists of: brokers, databases, proxies and service processes."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from orestream.chassis.settings import PREFIX, Settings
from orestream.chassis.store import migrate
from orestream.cli.embedded.archive import ensure_archive
from orestream.cli.embedded.ports import free_port
from orestream.cli.embedded.runtime import prepare
from orestream.cli.verbs.topics import create_topics
from orestream.contracts.topics import SERVICES
from tests.chaos.options import Options
from tests.chaos.proxy.proxy import Proxy
from tests.chaos.world.brokers import HOST, Brokers
from tests.chaos.world.databases import Databases, PostgresDatabases, SqliteDatabases, Unreadable
from tests.chaos.world.member import ROOT, Member

SITE = "main"
PARTITIONS = 6
MOST_REPLICAS = 3
HALTED = 4
_READY_S = 90.0
_LOOK_S = 0.2


@dataclass(slots=True)
class World:
    """What runs.

    Attributes:
        members: every replica there may be, by name; those that are wanted run.
        kafka: service → its proxies, one for each broker.
        postgres: member → its proxy to the database server.
        may_halt: services that a fault is to halt now.
        halted: replicas that halted although nothing should make them.
    """

    options: Options
    directory: Path
    brokers: Brokers
    databases: Databases
    members: dict[str, Member] = field(default_factory=dict)
    kafka: dict[str, list[Proxy]] = field(default_factory=dict)
    postgres: dict[str, Proxy] = field(default_factory=dict)
    may_halt: set[str] = field(default_factory=set)
    halted: list[str] = field(default_factory=list)
    published: Callable[[str], int] = lambda _: 0
    """Service → the row of its outbox up to which everything is visible."""

    def replicas(self, service: str) -> list[Member]:
        """Those of a service that should run."""
        return [member for member in self.members.values() if member.service == service and member.wanted]

    def wanted(self) -> list[Member]:
        """Every process that should run."""
        return [member for member in self.members.values() if member.wanted]

    async def relay_of(self, service: str) -> Member | None:
        """The replica that holds the relay's lease, as the database has it; None where none is known."""
        try:
            rows = await self.databases.rows(service, "SELECT holder FROM lease WHERE name = 'relay'")
        except Unreadable:
            return None
        pids = {int(holder.split("/")[1]) for (holder,) in rows}
        return next((member for member in self.replicas(service) if member.pid in pids), None)

    async def await_ready(self, members: Sequence[Member]) -> None:
        """Until all of them say that they are ready, or the time is up: then the run goes on without."""
        deadline = time.monotonic() + _READY_S
        while time.monotonic() < deadline:
            if all([await member.ready() for member in members]):
                return
            await asyncio.sleep(_LOOK_S)

    async def keep(self) -> None:
        """Start again whatever ends while it is wanted, as an orchestrator would; runs until cancelled.

        What halts is left as it is: starting it again would not mend it.
        """
        while True:
            for member in self.wanted():
                code = member.ended()
                if code is None:
                    continue
                member.exits.append(code)
                if code == HALTED:
                    member.wanted = False
                    if member.service not in self.may_halt:
                        self.halted.append(member.name)
                else:
                    await asyncio.to_thread(member.start)
            await asyncio.sleep(_LOOK_S)

    def proxies(self) -> list[Proxy]:
        """All of them."""
        return [*(proxy for doors in self.kafka.values() for proxy in doors), *self.postgres.values()]


@asynccontextmanager
async def world(options: Options, directory: Path) -> AsyncIterator[World]:
    """Start everything, and end it however the block ends."""
    made = await asyncio.to_thread(_prepare, options, directory)
    try:
        await asyncio.gather(asyncio.to_thread(made.brokers.start), asyncio.to_thread(made.databases.start))
        _connect(made)
        for proxy in made.proxies():
            await proxy.start()
        await _make_topics_and_tables(made)
        for service in SERVICES:
            for number in range(1, options.replicas + 1):
                await asyncio.to_thread(made.members[f"{service}-{number}"].start)
        await made.await_ready(made.wanted())
        yield made
    finally:
        await asyncio.to_thread(_end, made)
        for proxy in made.proxies():
            await proxy.stop()


def _prepare(options: Options, directory: Path) -> World:
    shutil.rmtree(directory / "run", ignore_errors=True)
    runtime = prepare()
    ensure_archive(runtime)
    home = directory / "run"
    databases: Databases = (
        PostgresDatabases(home / "postgres")
        if options.store == "postgres"
        else SqliteDatabases(home / "databases")
    )
    return World(options, home, Brokers(home, runtime, options.nodes, SERVICES), databases)


def _connect(made: World) -> None:
    """Proxies between services and servers, and the members with what they are told of them."""
    address = made.databases.address()
    for service in SERVICES:
        made.kafka[service] = [
            Proxy(node.doors[service].proxy, (HOST, node.doors[service].listener), "kafka")
            for node in made.brokers.nodes
        ]
        for number in range(1, (MOST_REPLICAS if address else 1) + 1):
            name, url = f"{service}-{number}", made.databases.url(service)
            if address is not None:
                port = free_port()
                made.postgres[name] = Proxy(port, address, "postgres")
                url = url.replace(f":{address[1]}/", f":{port}/")
            made.members[name] = _member(made, name, service, url)


def _member(made: World, name: str, service: str, url: str) -> Member:
    port = free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        f"{PREFIX}BOOTSTRAP_SERVERS": made.brokers.bootstrap_for(service),
        f"{PREFIX}DATABASE_URL": url,
        f"{PREFIX}SITE": SITE,
        f"{PREFIX}PARTITIONS": str(PARTITIONS),
        f"{PREFIX}MANAGEMENT_HOST": HOST,
        f"{PREFIX}MANAGEMENT_PORT": str(port),
        f"{PREFIX}LOG_FORMAT": "json",
    }
    logs = made.directory / "services"
    logs.mkdir(parents=True, exist_ok=True)
    return Member(name, service, environment, logs, port, made.options.mutant)


async def _make_topics_and_tables(made: World) -> None:
    settings = Settings(
        bootstrap_servers=made.brokers.bootstrap,
        site=SITE,
        partitions=PARTITIONS,
        replication=len(made.brokers.nodes),
    )
    await create_topics(settings)
    for service in SERVICES:
        await migrate(made.databases.url(service))


def _end(made: World) -> None:
    for member in made.members.values():
        member.wanted = False
        member.kill()
    made.databases.stop()
    made.brokers.stop()
