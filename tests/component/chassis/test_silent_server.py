"""A PostgreSQL server that says nothing any more in the middle of a transaction: given up, not waited for."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from orestream.chassis.errors import DatabaseUnavailable
from orestream.chassis.store import postgres
from orestream.chassis.store.postgres import PostgresDatabase
from orestream.chassis.store.statement import plain
from orestream.cli.embedded.ports import free_port
from tests.chaos.proxy.passage import Fate, Passage
from tests.chaos.proxy.proxy import Proxy

ENOUGH_S = 60.0


@pytest.fixture
async def proxy(postgres_url: str) -> AsyncIterator[Proxy]:
    """The line to the server."""
    parts = urlsplit(postgres_url)
    assert parts.hostname is not None
    proxy = Proxy(free_port(), (parts.hostname, parts.port or 5432), "postgres")
    await proxy.start()
    yield proxy
    await proxy.stop()


async def silence(_: Passage) -> Fate:
    return Fate.LOSE


async def asked_in_silence(database: PostgresDatabase, proxy: Proxy) -> None:
    async with database.transaction() as transaction:
        proxy.rules.append(silence)
        await transaction.select(plain("SELECT 1"))


async def test_a_connection_that_fell_silent_does_not_keep_the_intake_for_ever(
    postgres_url: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "COMMAND_TIMEOUT_S", 0.3)
    monkeypatch.setattr(postgres, "POOL_PATIENCE_S", 0.3)
    port = urlsplit(postgres_url).port
    database = await PostgresDatabase.open(postgres_url.replace(f":{port}/", f":{proxy.port}/"), 1)
    try:
        async with asyncio.timeout(ENOUGH_S):
            with pytest.raises(DatabaseUnavailable):
                await asked_in_silence(database, proxy)
            proxy.rules.clear()
            proxy.cut_lost()
            async with database.reading() as reading:
                assert [tuple(row) for row in await reading.select(plain("SELECT 1"))] == [(1,)]
    finally:
        await database.close()
