"""Where the services keep their databases: files, the embedded PostgreSQL, or a server of one's own."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from orestream.chassis.store.postgres import dsn_of
from orestream.cli.failing import Unusable

_DATABASE = "orestream"


def sqlite_url(directory: Path, service: str) -> str:
    """A file for each service."""
    return f"sqlite:///{directory.absolute() / f'{service}.db'}"


def url_for(store: str, service: str) -> str:
    """`…/NAME` becomes `…/NAME_mining` and so on; what follows a question mark stays."""
    parts = urlsplit(store)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}_{service}"))


def check_store(store: str) -> None:
    """Raises Unusable where `--store` is nothing that is known."""
    if store in ("sqlite", "postgres"):
        return
    parts = urlsplit(store)
    if parts.scheme.partition("+")[0] not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise Unusable(
            f"--store {parts.scheme or store}…: this is no store",
            "write sqlite, postgres, or postgresql://USER:PASSWORD@HOST/NAME",
        )


async def ensure_database(url: str) -> None:
    """Create the database unless it is there.

    Raises:
        Unusable: the server cannot be reached, or forbids it.
    """
    name = urlsplit(url).path.strip("/")
    try:
        try:
            connection = await asyncpg.connect(dsn_of(url))
        except asyncpg.InvalidCatalogNameError:
            connection = await asyncpg.connect(dsn_of(url), database="postgres")
            await connection.execute(f'CREATE DATABASE "{name.replace(chr(34), "")}"')
        await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Unusable(
            f"the database {name} cannot be used: {error}", "check the URL, or create the database beforehand"
        ) from error
