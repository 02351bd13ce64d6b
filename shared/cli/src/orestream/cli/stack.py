"""Broker, topics, databases and the three services, as `up`, `demo` and tests run them."""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from orestream.chassis.settings import PREFIX, Settings
from orestream.chassis.store import migrate
from orestream.cli.embedded.kafka import EmbeddedKafka
from orestream.cli.embedded.ports import free_port
from orestream.cli.embedded.postgres import EmbeddedPostgres
from orestream.cli.failing import Unusable
from orestream.cli.running import BOOTSTRAP_VARIABLE, read_settings
from orestream.cli.service_process import ServiceProcess
from orestream.cli.stores import check_store, ensure_database, sqlite_url, url_for
from orestream.cli.supervisor import Notice, Supervisor
from orestream.cli.verbs.topics import create_topics
from orestream.contracts.topics import SERVICES


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to run.

    Attributes:
        data_dir: where everything is kept: `kafka/`, `databases/` or `postgres/`, `logs/`, `run/`.
        port: of the embedded broker; 0 chooses a free one.
        store: `sqlite`, `postgres` (embedded), or a PostgreSQL URL.
        bootstrap: a Kafka that is there already, instead of the embedded one.
    """

    data_dir: Path
    port: int = 0
    store: str = "sqlite"
    bootstrap: str | None = None


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs, until the block ends."""

    bootstrap: str
    settings: Settings
    supervisor: Supervisor


@asynccontextmanager
async def running(wanted: Wanted, notice: Notice) -> AsyncIterator[Stack]:
    """Start everything in order, and stop it in reverse order however the block ends.

    Raises:
        Unusable: the directory is in use, the port is taken, a database or Kafka cannot be reached.
        EmbeddedError: something does not start.
    """
    check_store(wanted.store)
    wanted.data_dir.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as ending:
        ending.enter_context(_alone(wanted.data_dir))
        supervisor = Supervisor(wanted.data_dir / "run", notice)
        ending.push_async_callback(supervisor.stop)
        bootstrap, urls = await asyncio.gather(
            _kafka(wanted, supervisor, notice), _databases(wanted, supervisor, notice)
        )
        settings = read_settings(bootstrap)
        created = await create_topics(settings)
        if created:
            notice(f"{len(created)} topics created")
        for url in urls.values():
            await migrate(url)
        services = [(name, _service(wanted, name, bootstrap, urls[name])) for name in SERVICES]
        await supervisor.start(*services)
        yield Stack(bootstrap, settings, supervisor)


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """No other run uses the directory. Raises Unusable."""
    with (data_dir / "in-use").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Unusable(
                f"{data_dir} is in use by another run", "stop that run, or choose another --data-dir"
            ) from error
        yield


async def _kafka(wanted: Wanted, supervisor: Supervisor, notice: Notice) -> str:
    """The bootstrap address of the broker that is to be used."""
    if wanted.bootstrap is not None:
        return wanted.bootstrap
    if wanted.port:
        _check_free(wanted.port)
    told = 0

    def fetched(at_hand: int, of: int) -> None:
        nonlocal told
        if at_hand in (of, told + 10):
            told = at_hand
            notice(f"Kafka's jars: {at_hand} of {of} are here")

    kafka = EmbeddedKafka(wanted.data_dir / "kafka", wanted.port, progress=fetched)
    await supervisor.start(("kafka", kafka))
    notice(f"Kafka answers at {kafka.bootstrap}")
    return kafka.bootstrap


async def _databases(wanted: Wanted, supervisor: Supervisor, notice: Notice) -> dict[str, str]:
    """Service → URL of its database, which is there."""
    if wanted.store == "sqlite":
        directory = wanted.data_dir / "databases"
        directory.mkdir(exist_ok=True)
        return {service: sqlite_url(directory, service) for service in SERVICES}
    if wanted.store == "postgres":
        postgres = EmbeddedPostgres(wanted.data_dir / "postgres")
        await supervisor.start(("postgres", postgres))
        notice("PostgreSQL answers")
        return {service: await postgres.create_database(f"orestream_{service}") for service in SERVICES}
    urls = {service: url_for(wanted.store, service) for service in SERVICES}
    for url in urls.values():
        await ensure_database(url)
    return urls


def _service(wanted: Wanted, service: str, bootstrap: str, url: str) -> ServiceProcess:
    port = free_port()
    environment = {
        **os.environ,
        BOOTSTRAP_VARIABLE: bootstrap,
        f"{PREFIX}DATABASE_URL": url,
        f"{PREFIX}MANAGEMENT_HOST": "127.0.0.1",
        f"{PREFIX}MANAGEMENT_PORT": str(port),
        f"{PREFIX}LOG_FORMAT": "json",
    }
    return ServiceProcess(service, environment, wanted.data_dir / "logs" / f"{service}.log", port)


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Unusable(f"port {port} is taken", "choose another --port, or 0 for a free one") from error
