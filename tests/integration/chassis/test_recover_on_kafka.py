"""A backup restored on a real broker: the service halts and says so, is recovered, and goes on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from orestream.chassis.exits import Exit
from orestream.chassis.service import run
from orestream.chassis.settings import Settings
from orestream.chassis.stop import Stop
from orestream.chassis.store import Store, migrate
from orestream.chassis.store.statement import plain
from orestream.contracts.registry import decode
from orestream.mining.app import build
from tests.support.backups import copy
from tests.support.brokers import Broker
from tests.support.databases import DatabaseServer, fresh_database, sqlite_url
from tests.support.mining_service import Customer, environment_of, prepare


@pytest.fixture
async def settings(kafka: Broker, database_url: str, site: str) -> Settings:
    made = Settings(
        bootstrap_servers=kafka.bootstrap,
        database_url=SecretStr(database_url),
        site=site,
        env=site,
        management_port="off",
        start_patience=timedelta(seconds=2),
    )
    await prepare(made)
    return made


@asynccontextmanager
async def spare(
    settings: Settings, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Settings]:
    """The same service on another database of the same kind, not made yet."""
    if settings.database_for("mining").startswith("sqlite"):
        yield settings.model_copy(update={"database_url": SecretStr(sqlite_url(tmp_path))})
        return
    server: DatabaseServer = request.getfixturevalue("postgres")
    with fresh_database(server) as url:
        yield settings.model_copy(update={"database_url": SecretStr(url)})


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[None]:
    stop = Stop()
    task = asyncio.create_task(run(settings, build(), decode, stop=stop))
    try:
        yield
    finally:
        stop.ask()
        assert await task is Exit.OK


async def become(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.1)


async def served(settings: Settings, customer: Customer, count: int) -> None:
    """The service runs until so many commands more have their answers."""
    async with running(settings):
        await customer.register(count)

        async def answered() -> bool:
            return len(await customer.answered()) >= len(customer.sent)

        await become(answered)


async def recover(settings: Settings, *options: str) -> subprocess.CompletedProcess[str]:
    """The service's own command line."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "orestream.mining", "recover", *options],
        env=environment_of(settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


async def states(settings: Settings) -> list[tuple[object, ...]]:
    """Everything but offsets and versions."""
    store = await Store.open(settings.database_for("mining"))
    try:
        async with store.reading() as transaction:
            rows = await transaction.select(
                plain("SELECT kind, id, state FROM aggregate WHERE state IS NOT NULL ORDER BY kind, id")
            )
            answers = await transaction.select(plain("SELECT * FROM outcome ORDER BY command_id"))
            return [tuple(row) for row in (*rows, *answers)]
    finally:
        await store.close()


async def test_a_restored_backup_halts_is_recovered_and_goes_on(
    settings: Settings, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    customer = Customer(settings)
    async with spare(settings, request, tmp_path) as backup:
        await served(settings, customer, 20)
        store = await Store.open(settings.database_for("mining"))
        await copy(store, backup.database_for("mining"))
        await store.close()
        await served(settings, customer, 30)

        for _ in range(2):
            assert await run(backup, build(), decode, stop=Stop()) is Exit.HALTED
        would = await recover(backup, "--dry-run")
        assert (would.returncode, "would take back rows 41 to 100" in would.stdout) == (3, True), would
        assert await run(backup, build(), decode, stop=Stop()) is Exit.HALTED
        done = await recover(backup)
        assert (done.returncode, "took back rows 41 to 100" in done.stdout) == (0, True), done
        assert await states(backup) == await states(settings)
        again = await recover(backup)
        assert (again.returncode, "nothing to take back" in again.stdout) == (0, True), again

        await served(backup, customer, 10)
        await customer.check()


async def test_an_empty_database_is_filled_from_the_topics(
    settings: Settings, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    customer = Customer(settings)
    await served(settings, customer, 30)
    async with spare(settings, request, tmp_path) as empty:
        unprepared = await recover(empty)
        assert (unprepared.returncode, "orestream migrate" in unprepared.stderr) == (3, True)
        await migrate(empty.database_for("mining"))
        done = await recover(empty)
        assert done.returncode == 0, done
        assert await states(empty) == await states(settings)
        await served(empty, customer, 10)
        await customer.check()


async def test_a_recovery_that_is_killed_is_run_again(
    settings: Settings, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    customer = Customer(settings)
    await served(settings, customer, 30)
    async with spare(settings, request, tmp_path) as empty:
        await migrate(empty.database_for("mining"))
        command = [sys.executable, "-m", "orestream.mining", "recover"]
        process = await asyncio.create_subprocess_exec(
            *command, env=environment_of(empty), stderr=asyncio.subprocess.PIPE
        )
        assert process.stderr is not None
        await process.stderr.readline()
        process.kill()
        await process.wait()
        store = await Store.open(empty.database_for("mining"))
        async with store.transaction() as transaction:
            await transaction.run(plain("DELETE FROM lease"))  # or wait until it runs out
        await store.close()
        assert (await recover(empty)).returncode == 0
        assert await states(empty) == await states(settings)
        await served(empty, customer, 10)
        await customer.check()


async def test_it_refuses_while_the_service_runs(settings: Settings) -> None:
    customer = Customer(settings)
    await served(settings, customer, 5)
    async with running(settings):
        await asyncio.sleep(1)
        refused = await recover(settings)
        assert (refused.returncode, "stop all" in refused.stderr) == (4, True), refused
    await customer.check()
