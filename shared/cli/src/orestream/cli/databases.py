"""The services' databases as an operator's verbs open them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from orestream.chassis.settings import PREFIX, Settings
from orestream.chassis.store import Store
from orestream.cli.failing import Unusable
from orestream.contracts.topics import SERVICES

DATABASE_VARIABLE = f"{PREFIX}DATABASE_URL"

Database = Annotated[
    str | None,
    typer.Option(
        help=f"URL of the databases, {{service}} is filled in; else {DATABASE_VARIABLE}.", metavar="URL"
    ),
]
Service = Annotated[
    str, typer.Option(help=f"Whose: {', '.join(SERVICES)}.", metavar="SERVICE", show_default=False)
]


def use_database(url: str | None) -> None:
    """`--database` stands for its variable."""
    if url is not None:
        os.environ[DATABASE_VARIABLE] = url


def check_service(service: str) -> None:
    """Raises Unusable where there is no such service."""
    if service not in SERVICES:
        raise Unusable(f"{service!r} is not a service", f"one of {', '.join(SERVICES)}")


def sqlite_file(url: str) -> Path | None:
    """The file that an SQLite URL names; None for other databases."""
    parts = urlsplit(url)
    return Path(parts.path[1:]) if parts.scheme.startswith("sqlite") else None


def without_secret(url: str) -> str:
    """The URL as it may be shown."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username}:…@{host}").geturl()


@asynccontextmanager
async def opened(settings: Settings, service: str) -> AsyncIterator[Store]:
    """A service's store, which must be there with its schema.

    Raises:
        Unusable: there is no such file.
        ChassisError: it cannot be reached, or its schema does not fit.
    """
    url = settings.database_for(service)
    file = sqlite_file(url)
    if file is not None and not file.exists():
        raise Unusable(
            f"{service} has no database at {file}",
            f"say where it is with --database or {DATABASE_VARIABLE}, or make one with `orestream migrate`",
        )
    store = await Store.open(url)
    try:
        await store.check_schema()
        yield store
    finally:
        await store.close()
