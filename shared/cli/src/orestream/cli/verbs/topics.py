"""`orestream topics`: the catalogue against the cluster."""

from __future__ import annotations

import json as json_
from typing import Annotated

import typer

from orestream.chassis.kafka.admin import Plan, admin_client, apply, plan, sized
from orestream.chassis.settings import Settings
from orestream.cli.failing import ExitCode
from orestream.cli.options import AsJson, Bootstrap
from orestream.cli.reaching import reaching
from orestream.cli.running import answering_for_mistakes, read_settings, run
from orestream.cli.terminal import answers, say, say_raw
from orestream.contracts.topics import Topic, catalogue

PLAN_EXAMPLE = "Example: orestream topics plan --bootstrap localhost:9092"
APPLY_EXAMPLE = "Example: orestream topics apply --partitions 24 --replication 3"

Partitions = Annotated[
    int | None,
    typer.Option(help="Partitions of new topics; fixed at birth. Else ORESTREAM_PARTITIONS.", min=1),
]
Replication = Annotated[
    int | None, typer.Option(help="Replicas of new topics; else ORESTREAM_REPLICATION.", min=-1)
]

group = typer.Typer(
    help="Compare the topics of the catalogue with the cluster's, and create what is missing.",
    no_args_is_help=True,
)


@group.command("plan", epilog=PLAN_EXAMPLE)
def plan_topics(bootstrap: Bootstrap = None, partitions: Partitions = None, *, json: AsJson = False) -> None:
    """Say what is missing or different; change nothing. Ends with 0 when nothing is."""
    with answering_for_mistakes():
        settings = read_settings(bootstrap)
    found = run(_planned(settings, partitions))
    if json:
        say_raw(json_.dumps({"clean": found.clean, "steps": list(found.lines())}))
    else:
        _show(found)
    raise typer.Exit(ExitCode.OK if found.clean else ExitCode.VIOLATIONS)


@group.command("apply", epilog=APPLY_EXAMPLE)
def apply_topics(
    bootstrap: Bootstrap = None, partitions: Partitions = None, replication: Replication = None
) -> None:
    """Create the topics that are missing; what exists is never changed.

    Ends with 1 when a topic exists with other settings than the catalogue's.
    """
    with answering_for_mistakes():
        settings = read_settings(bootstrap)
    created, found = run(_applied(settings, partitions, replication))
    out = answers()
    for name in created:
        say(out, ("created ", "green"), name)
    _show(found)
    raise typer.Exit(ExitCode.OK if found.clean else ExitCode.VIOLATIONS)


def wanted_topics(settings: Settings, partitions: int | None = None) -> tuple[Topic, ...]:
    """The catalogue of this site, with its partition counts."""
    return sized(catalogue(settings.site), partitions or settings.partitions)


async def create_topics(settings: Settings, partitions: int | None = None) -> tuple[str, ...]:
    """Create what is missing and return the names. Raises Unusable or KafkaError."""
    return (await _applied(settings, partitions, None))[0]


async def _planned(settings: Settings, partitions: int | None) -> Plan:
    with reaching(settings):
        async with admin_client(settings) as admin:
            return await plan(admin, wanted_topics(settings, partitions))


async def _applied(
    settings: Settings, partitions: int | None, replication: int | None
) -> tuple[tuple[str, ...], Plan]:
    """The names of topics created, and how things stand then."""
    topics = wanted_topics(settings, partitions)
    with reaching(settings):
        async with admin_client(settings) as admin:
            before = await plan(admin, topics)
            replicas = settings.replication if replication is None else replication
            created = await apply(admin, before, replicas)
            return created, await plan(admin, topics) if created else before


def _show(found: Plan) -> None:
    out = answers()
    for line in found.lines():
        say(out, ("→ ", "yellow"), line)
    if found.clean:
        say(out, "every topic is as the catalogue says")
