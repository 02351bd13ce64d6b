"""The `orestream` command."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

VERBS = {
    "demo": "Make the first shipment live: three mines, three plants, Karachi, and a ship.",
    "up": "Run Kafka, the topics and the three services until Ctrl-C.",
    "send": "Send commands from files and wait for the answer to each.",
    "tail": "Follow the topics live, one line a record, until Ctrl-C. Reads committed records only.",
    "trace": "Draw the ancestry and descent of a lot or shipment: kg dry, shares, metal, holds.",
    "verify": "Read every fact topic and the outcomes from the beginning, and check them.",
    "topics": "Compare the topics of the catalogue with the cluster's, and create what is missing.",
    "parked": "Records that a service has set aside, in order.",
    "recover": "Take the visible records back into a service's database that is behind them.",
    "migrate": "Bring the schema of the services' databases up to this version. Safe to run again.",
    "doctor": "Look at this machine, the settings, Kafka, the topics and the databases.",
}
"""Each verb is a module of `orestream.cli.verbs`, and this the first line of its help."""


class Verbs(TyperGroup):
    """Loads a verb when it is called: help is quick, and a verb waits for nobody else's libraries."""

    def __init__(self, **settings: Any) -> None:
        named = {name: TyperCommand(name=name, help=text) for name, text in VERBS.items()}
        super().__init__(**settings | {"commands": named})

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The verb that the arguments name, whole."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else load(name), rest


def load(verb: str) -> Any:
    """A verb as the command line runs it: the module's group, or its function of the same name."""
    module = import_module(f"orestream.cli.verbs.{verb}")
    if hasattr(module, "group"):
        return typer.main.get_command(module.group)
    alone = typer.Typer(add_completion=False)
    alone.command(epilog=module.EXAMPLE)(getattr(module, verb))
    return typer.main.get_command(alone)


app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def orestream() -> None:
    """Follow ore from the licence to the buyer: start, feed, watch and check the services."""
