"""The `orestream` command."""

from __future__ import annotations

import typer

from orestream.cli.verbs import demo, doctor, migrate, parked, send, tail, topics, trace, up, verify

app = typer.Typer(
    name="orestream",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def orestream() -> None:
    """Follow ore from the licence to the buyer: start, feed, watch and check the services."""


app.command(epilog=demo.EXAMPLE)(demo.demo)
app.command(epilog=up.EXAMPLE)(up.up)
app.command(epilog=send.EXAMPLE)(send.send)
app.command(epilog=tail.EXAMPLE)(tail.tail)
app.command(epilog=trace.EXAMPLE)(trace.trace)
app.command(epilog=verify.EXAMPLE)(verify.verify)
app.add_typer(topics.group, name="topics")
app.add_typer(parked.group, name="parked")
app.command(epilog=migrate.EXAMPLE)(migrate.migrate)
app.command(epilog=doctor.EXAMPLE)(doctor.doctor)
