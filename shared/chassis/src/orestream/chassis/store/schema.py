"""The schema: brought up by an explicit step, checked at every start."""

from __future__ import annotations

from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from orestream.chassis.errors import DatabaseUnavailable, SchemaOutOfRange
from orestream.chassis.store.postgres import dsn_of
from orestream.chassis.store.sqlite import path_of
from orestream.chassis.store.statement import plain
from orestream.chassis.store.transaction import Transaction

OLDEST = "0001"
"""The oldest revision this version works with; a later one may still be rolled out beside it."""
NEWEST = "0001"

_LOCK = 0x6F726573
_EXISTS = {
    True: plain(
        "SELECT 1 FROM pg_tables WHERE tablename = 'alembic_version' AND schemaname = current_schema()"
    ),
    False: plain("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"),
}
_REVISION = plain("SELECT version_num FROM alembic_version")


async def migrate(url: str) -> str:
    """Bring the database at `url` up to this version's schema; the revision it has then.

    Safe to run from several places at once and again.

    Raises:
        DatabaseUnavailable: it cannot be reached.
    """
    engine = _engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    except (OSError, TimeoutError, DBAPIError, asyncpg.PostgresConnectionError) as error:
        raise DatabaseUnavailable(f"the schema was not migrated: {error}") from error
    finally:
        await engine.dispose()
    return NEWEST


async def check(transaction: Transaction) -> str:
    """The schema's revision.

    Raises:
        SchemaOutOfRange: it is missing, older or newer than this version works with.
    """
    if not await transaction.select(_EXISTS[transaction.locks]):
        raise SchemaOutOfRange("the database is empty: run `orestream migrate` first")
    rows = await transaction.select(_REVISION)
    revision = str(rows[0][0]) if rows else ""
    if revision < OLDEST:
        raise SchemaOutOfRange(
            f"the schema is {revision}, this version needs {OLDEST}: run `orestream migrate`"
        )
    if revision > NEWEST:
        raise SchemaOutOfRange(
            f"the schema is {revision}, this version knows up to {NEWEST}: run a newer version"
        )
    return revision


def steps() -> ScriptDirectory:
    """Every step there is."""
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _engine(url: str) -> AsyncEngine:
    if url.startswith("sqlite"):
        path = Path(path_of(url))
        path.parent.mkdir(parents=True, exist_ok=True)
        return create_async_engine(f"sqlite+aiosqlite:///{path}", poolclass=NullPool)
    return create_async_engine(
        "postgresql+asyncpg://", poolclass=NullPool, async_creator=lambda: asyncpg.connect(dsn_of(url))
    )
