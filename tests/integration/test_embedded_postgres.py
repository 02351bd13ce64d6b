"""The embedded PostgreSQL keeps what was committed and its port, and never outlives who started it."""

import os
import signal
from pathlib import Path

import asyncpg
import pytest

from orestream.cli.embedded.cluster import PostgresCluster
from orestream.cli.embedded.postgres import EmbeddedPostgres
from tests.support.engine import eventually
from tests.support.processes import first_line, process_ended, program

STARTED_BY_A_PROGRAM = """
import asyncio, sys
from pathlib import Path
from orestream.cli.embedded.postgres import EmbeddedPostgres

async def main():
    async with EmbeddedPostgres(Path(sys.argv[1])) as postgres:
        print(postgres.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def url(cluster: PostgresCluster | EmbeddedPostgres, database: str) -> str:
    return cluster.dsn(database, driver="postgresql")


async def execute(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def value(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_what_is_committed_survives_an_immediate_restart_and_a_crash(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path) as postgres:
        await postgres.create_database("mining")
        dsn = url(postgres, "mining")
        await execute(dsn, "CREATE TABLE lot AS SELECT 7 AS kg")
        await postgres.restart(immediate=True)
        assert await value(dsn, "SELECT kg FROM lot") == 7
        await execute(dsn, "UPDATE lot SET kg = 8")
        await postgres.kill()
        assert not postgres.running
        await postgres.start()
        assert await value(dsn, "SELECT kg FROM lot") == 8


async def test_a_new_object_on_the_same_directory_has_the_same_databases(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path) as postgres:
        await execute(await _database(postgres), "CREATE TABLE kept AS SELECT 1 AS one")
    async with EmbeddedPostgres(tmp_path) as postgres:
        assert await value(await _database(postgres), "SELECT one FROM kept") == 1


async def _database(postgres: EmbeddedPostgres) -> str:
    await postgres.create_database("mining")
    return url(postgres, "mining")


async def test_commits_are_durable_by_default(fresh_postgres: PostgresCluster) -> None:
    dsn = url(fresh_postgres, "postgres")
    assert await value(dsn, "SHOW fsync") == "on"
    assert await value(dsn, "SHOW synchronous_commit") == "on"


async def test_nobody_gets_in_without_the_password(fresh_postgres: PostgresCluster) -> None:
    user, _, rest = url(fresh_postgres, "postgres").partition("@")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"{user.rpartition(':')[0]}:wrong@{rest}")


async def test_a_name_that_could_be_sql_is_no_database(fresh_postgres: PostgresCluster) -> None:
    with pytest.raises(ValueError, match="no plain name"):
        fresh_postgres.create_database('a"; DROP TABLE lot; --')


async def test_a_dropped_database_is_gone_though_somebody_is_connected(
    fresh_postgres: PostgresCluster,
) -> None:
    fresh_postgres.create_database("short-lived")
    connection = await asyncpg.connect(url(fresh_postgres, "short-lived"))
    fresh_postgres.drop_database("short-lived")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url(fresh_postgres, "short-lived"))
    connection.terminate()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_started_by_root_the_server_is_not_root(fresh_postgres: PostgresCluster) -> None:
    assert Path(f"/proc/{fresh_postgres.pid}").stat().st_uid != 0


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_server_is_gone_however_its_parent_ends(tmp_path: Path, ending: signal.Signals) -> None:
    with program(STARTED_BY_A_PROGRAM, tmp_path) as parent:
        server = int(first_line(parent))
        assert not process_ended(server)
        parent.send_signal(ending)
        eventually(lambda: process_ended(server), 30, "the server has ended")
