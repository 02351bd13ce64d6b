"""Options that several verbs take."""

from __future__ import annotations

from typing import Annotated

import typer

Bootstrap = Annotated[
    str | None,
    typer.Option(
        help="Kafka's first contacts; else ORESTREAM_BOOTSTRAP_SERVERS, else localhost:9092.",
        metavar="HOST:PORT,…",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
