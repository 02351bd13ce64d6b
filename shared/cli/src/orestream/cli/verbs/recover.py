"""`orestream recover`: a restored backup, or an empty database, gets what has become visible since."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from orestream.cli.databases import Database, check_service, use_database
from orestream.cli.options import Bootstrap
from orestream.cli.running import answering_for_mistakes, read_settings

EXAMPLE = "Example: orestream recover mining --dry-run"


def recover(
    service: Annotated[str, typer.Argument(help="mining, processing or export.", show_default=False)],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be taken back.")] = False,
    database: Database = None,
    bootstrap: Bootstrap = None,
) -> None:
    """Take the visible records back into a service's database that is behind them.

    All replicas of the service are stopped. All of it happens in one transaction, or nothing; running it
    again does no harm. Exit codes: 0 done, or nothing to do; 2 wrong settings; 3 a dry run found something,
    or database, topics or schema are not there; 4 the database is on a history of its own, or in use.
    """
    with answering_for_mistakes():
        check_service(service)
        use_database(database)
        read_settings(bootstrap)
        # the service's own pure part folds the facts; this command knows none
        command = [sys.executable, "-m", f"orestream.{service}", "recover"]
        command += ["--dry-run"] if dry_run else []
        ended = subprocess.run(command, check=False)  # noqa: S603 - our own interpreter, a checked name
    raise typer.Exit(ended.returncode)
