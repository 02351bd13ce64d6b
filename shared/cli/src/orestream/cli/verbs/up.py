"""`orestream up`: broker and services in the foreground, for playing and for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orestream.cli.running import run
from orestream.cli.stack import Wanted, running
from orestream.cli.stopping import until_signalled
from orestream.cli.terminal import notes, say, say_raw

EXAMPLE = "Example: orestream up --port 9092 --store postgres"


def up(
    *,
    port: Annotated[int, typer.Option(help="Kafka's port; 0 chooses a free one.", min=0, max=65535)] = 0,
    data_dir: Annotated[
        Path, typer.Option(help="Where everything is kept; used again by the next run.", metavar="DIR")
    ] = Path(".orestream/up"),
    store: Annotated[
        str,
        typer.Option(help="sqlite, postgres (an embedded one) or postgresql://…/NAME.", metavar="STORE"),
    ] = "sqlite",
) -> None:
    """Run Kafka, the topics and the three services until Ctrl-C.

    Prints `ready bootstrap=HOST:PORT` when all are ready. What dies is started again; the process
    ids are in DIR/run, the services' logs in DIR/logs, SQLite files in DIR/databases.
    """
    run(until_signalled(_up(Wanted(data_dir, port, store))))


async def _up(wanted: Wanted) -> None:
    async with running(wanted, _notice) as stack:
        say_raw(f"ready bootstrap={stack.bootstrap}")
        await stack.supervisor.watch()


def _notice(line: str) -> None:
    say(notes(), line)
