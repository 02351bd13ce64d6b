"""The schema: brought up by an explicit step, checked at every start."""

from __future__ import annotations

from orestream.chassis.errors import SchemaOutOfRange
from orestream.chassis.store.statement import plain
from orestream.chassis.store.transaction import Transaction

OLDEST = "0002"
"""The oldest revision this version works with; a later one may still be rolled out beside it."""
NEWEST = "0002"

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
    # imported here: what only a migration needs would take half of every service's start
    from orestream.chassis.store.migration import upgrade  # noqa: PLC0415

    await upgrade(url)
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
