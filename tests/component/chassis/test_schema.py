"""The schema is made by an explicit step and checked at every start."""

import asyncio
import sys

import pytest
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine

from orestream.chassis.errors import DatabaseUnavailable, SchemaOutOfRange
from orestream.chassis.store import Store, migrate
from orestream.chassis.store.migration import steps
from orestream.chassis.store.schema import NEWEST, OLDEST
from orestream.chassis.store.statement import plain
from orestream.chassis.store.tables import METADATA


async def test_an_empty_database_is_refused_with_what_to_run(database_url: str) -> None:
    store = await Store.open(database_url)
    try:
        with pytest.raises(SchemaOutOfRange, match="orestream migrate"):
            await store.check_schema()
    finally:
        await store.close()


@pytest.mark.parametrize(("revision", "advice"), [("0000", "orestream migrate"), ("9999", "newer version")])
async def test_a_schema_out_of_range_is_refused_with_what_to_do(
    database_url: str, revision: str, advice: str
) -> None:
    await migrate(database_url)
    store = await Store.open(database_url)
    try:
        async with store.transaction() as transaction:
            await transaction.run(plain("UPDATE alembic_version SET version_num = $1"), revision)
        with pytest.raises(SchemaOutOfRange, match=advice):
            await store.check_schema()
    finally:
        await store.close()


async def test_migrating_again_keeps_the_history(database_url: str) -> None:
    await migrate(database_url)
    store = await Store.open(database_url)
    try:
        name = await store.history()
        await migrate(database_url)
        assert await store.check_schema() == NEWEST
        assert await store.history() == name
    finally:
        await store.close()


async def test_several_processes_may_migrate_at_once(database_url: str) -> None:
    program = (
        f"import asyncio; from orestream.chassis.store import migrate; asyncio.run(migrate({database_url!r}))"
    )
    running = [await asyncio.create_subprocess_exec(sys.executable, "-c", program) for _ in range(3)]

    assert [await process.wait() for process in running] == [0, 0, 0]


async def test_the_steps_lead_to_the_tables_that_the_code_describes(database_url: str) -> None:
    await migrate(database_url)
    engine = create_async_engine(database_url)

    def reflected(connection: Connection) -> dict[str, set[tuple[str, bool, bool]]]:
        found = MetaData()
        found.reflect(connection)
        return described(found)

    try:
        async with engine.connect() as connection:
            tables = await connection.run_sync(reflected)
    finally:
        await engine.dispose()
    tables.pop("alembic_version")
    assert tables == described(METADATA)


def described(metadata: MetaData) -> dict[str, set[tuple[str, bool, bool]]]:
    return {
        name: {(column.name, column.primary_key, bool(column.nullable)) for column in table.columns}
        for name, table in metadata.tables.items()
    }


def test_the_supported_range_is_made_of_steps_that_exist() -> None:
    revisions = [step.revision for step in steps().walk_revisions()]

    assert revisions[0] == NEWEST
    assert OLDEST in revisions


async def test_a_database_that_does_not_answer_is_recoverable() -> None:
    with pytest.raises(DatabaseUnavailable):
        await Store.open("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseUnavailable):
        await migrate("postgresql://nobody@127.0.0.1:1/nothing")
