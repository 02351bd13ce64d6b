"""Runs migrations: the only place that needs Alembic and SQLAlchemy at run time."""

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

from orestream.chassis.errors import DatabaseUnavailable
from orestream.chassis.store.postgres import dsn_of
from orestream.chassis.store.sqlite import path_of

_LOCK = 0x6F726573


async def upgrade(url: str) -> None:
    """Run every step the database at `url` lacks; see `schema.migrate`. Raises DatabaseUnavailable."""
    engine = _engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    except (OSError, TimeoutError, DBAPIError, asyncpg.PostgresConnectionError) as error:
        raise DatabaseUnavailable(f"the schema was not migrated: {error}") from error
    finally:
        await engine.dispose()


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
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
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
