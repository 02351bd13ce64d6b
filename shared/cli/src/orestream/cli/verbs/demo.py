"""`orestream demo`: the first shipment, made live on a genuine Kafka."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from orestream.cli.demo.playing import play
from orestream.cli.failing import ExitCode
from orestream.cli.running import BOOTSTRAP_VARIABLE, run
from orestream.cli.stopping import until_signalled

EXAMPLE = "Example: orestream demo"


def demo(
    *,
    bootstrap: Annotated[
        str | None,
        typer.Option(
            help="Use this Kafka, or the one of ORESTREAM_BOOTSTRAP_SERVERS; else one is started.",
            metavar="HOST:PORT,…",
        ),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Keep the run's data, logs and process ids there.", metavar="DIR"),
    ] = None,
) -> None:
    """Make the first shipment live: three mines, three plants, Karachi, and a ship.

    Includes what goes wrong and is handled. Ends with 0 only if everything came out as expected.
    """
    wanted = bootstrap or os.environ.get(BOOTSTRAP_VARIABLE) or None
    code = run(until_signalled(play(data_dir, wanted)))
    raise typer.Exit(ExitCode.INTERRUPTED if code is None else code)
