"""`orestream migrate`: brings the services' databases up to this version's schema."""

from __future__ import annotations

from typing import Annotated

import typer

from orestream.chassis.settings import Settings
from orestream.chassis.store import migrate as migrate_schema
from orestream.cli.databases import Database, check_service, use_database, without_secret
from orestream.cli.failing import Unusable
from orestream.cli.running import answering_for_mistakes, read_settings, run
from orestream.cli.terminal import answers, say
from orestream.contracts.topics import SERVICES

EXAMPLE = "Example: orestream migrate --database 'postgresql://orestream@db/orestream_{service}'"


def migrate(
    services: Annotated[
        list[str] | None, typer.Argument(help="Services; all three unless named.", metavar="SERVICE")
    ] = None,
    *,
    database: Database = None,
) -> None:
    """Bring the schema of the services' databases up to this version. Safe to run again."""
    with answering_for_mistakes():
        wanted = services or list(SERVICES)
        for service in wanted:
            check_service(service)
        use_database(database)
        settings = read_settings()
        urls = {settings.database_for(service) for service in wanted}
        if len(urls) < len(wanted):
            raise Unusable(
                "several services would share one database",
                "write {service} into the URL, or name one service",
            )
    run(_migrate(settings, wanted))


async def _migrate(settings: Settings, services: list[str]) -> None:
    for service in services:
        url = settings.database_for(service)
        revision = await migrate_schema(url)
        say(answers(), f"the schema of {service} is at {revision}  ", (without_secret(url), "dim"))
