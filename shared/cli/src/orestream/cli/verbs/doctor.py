"""`orestream doctor`: what is configured, what is reached, what is missing, and what to do about it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import typer
from aiokafka.errors import KafkaError
from pydantic import SecretStr

from orestream.chassis.errors import ChassisError
from orestream.chassis.kafka.admin import admin_client, plan
from orestream.chassis.settings import Settings, cards
from orestream.cli.databases import Database, opened, use_database, without_secret
from orestream.cli.embedded.errors import EmbeddedError
from orestream.cli.embedded.java import find_java
from orestream.cli.embedded.settings import EmbeddedSettings
from orestream.cli.failing import ExitCode, Unusable
from orestream.cli.options import Bootstrap
from orestream.cli.reaching import reaching
from orestream.cli.running import BOOTSTRAP_VARIABLE, answering_for_mistakes, read_settings, run
from orestream.cli.terminal import answers, say
from orestream.cli.verbs.topics import wanted_topics
from orestream.contracts.topics import SERVICES

EXAMPLE = "Example: orestream doctor --bootstrap localhost:9092"

_OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    well: bool
    found: str
    advice: str = ""


def doctor(*, bootstrap: Bootstrap = None, database: Database = None) -> None:
    """Look at this machine, the settings, Kafka, the topics and the databases.

    Ends with 0 when everything is there, 1 when something is missing.
    """
    with answering_for_mistakes():
        use_database(database)
        settings = read_settings(bootstrap)
    _show_settings(settings)
    well = run(_look(settings))
    raise typer.Exit(ExitCode.OK if well else ExitCode.VIOLATIONS)


def _show_settings(settings: Settings) -> None:
    """Every variable that is set; the others have their defaults."""
    out = answers()
    say(out, ("settings", "bold"))
    for card in cards():
        names = [name for name in (card.variable, card.file_variable) if name and name in os.environ]
        for name in names:
            say(out, f"  {name} = {_shown(settings, card.variable, name)}")
    known = {name for card in cards() for name in (card.variable, card.file_variable)}
    known |= {f"ORESTREAM_{name.upper()}" for name in EmbeddedSettings.model_fields}
    for name in sorted(os.environ):
        if name.startswith("ORESTREAM_") and name not in known and not name.startswith("ORESTREAM_TEST_"):
            say(out, (f"  {name} is set, and nothing reads it", "yellow"))


def _shown(settings: Settings, variable: str, name: str) -> str:
    if name != variable:
        return os.environ[name]
    value = getattr(settings, variable.removeprefix("ORESTREAM_").lower())
    if isinstance(value, SecretStr):
        return without_secret(value.get_secret_value()) if "URL" in variable else "…"
    return str(value)


async def _look(settings: Settings) -> bool:
    out = answers()
    say(out, ("found", "bold"))
    well = True
    async for finding in _findings(settings):
        well = well and finding.well
        mark = ("  ok   ", "green") if finding.well else ("  lack ", "red")
        say(out, mark, f"{finding.what}: {finding.found}")
        if finding.advice and not finding.well:
            say(out, "       → ", finding.advice)
    return well


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield _python()
    yield await asyncio.to_thread(_java)
    yield _jars()
    for finding in await _kafka(settings):
        yield finding
    for service in SERVICES:
        yield await _database(settings, service)


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        "Python",
        sys.version_info >= _OLDEST_PYTHON,
        f"{found}, orestream {version('orestream-cli')}",
        "3.11 or later is needed",
    )


def _java() -> Finding:
    try:
        java = find_java(EmbeddedSettings())
    except EmbeddedError as error:
        return Finding("Java, for `up` and `demo`", well=False, found=str(error))
    return Finding("Java, for `up` and `demo`", well=True, found=f"{java.version} at {java.executable}")


def _jars() -> Finding:
    cache: Path = EmbeddedSettings().cache_dir
    count = len(list(cache.rglob("*.jar"))) if cache.exists() else 0
    found = f"{count} in {cache}" if count else f"none yet; the first `up` or `demo` fetches them to {cache}"
    return Finding("Kafka's jars, for `up` and `demo`", well=True, found=found)


async def _kafka(settings: Settings) -> list[Finding]:
    """Whether the cluster answers, and its topics are the catalogue's."""
    try:
        with reaching(settings):
            async with admin_client(settings) as admin:
                seen = await plan(admin, wanted_topics(settings))
    except Unusable as error:
        return [Finding("Kafka", well=False, found=error.what, advice=error.advice)]
    except KafkaError as error:
        return [
            Finding(
                "Kafka",
                well=False,
                found=str(error),
                advice=f"check {BOOTSTRAP_VARIABLE} and the user's rights",
            )
        ]
    cluster = (
        f"cluster {seen.cluster.id} with {seen.cluster.brokers} broker(s) at {settings.bootstrap_servers}"
    )
    topics = Finding(
        "topics",
        seen.clean,
        "as the catalogue says" if seen.clean else "; ".join(seen.lines()),
        "`orestream topics apply` creates what is missing",
    )
    return [Finding("Kafka", well=True, found=cluster), topics]


async def _database(settings: Settings, service: str) -> Finding:
    what = f"database of {service}"
    url = without_secret(settings.database_for(service))
    try:
        async with opened(settings, service) as store:
            waiting, parked, backlog, breaker = (
                await store.waiting_count(),
                await store.parked_keys(),
                await store.open_tasks(),
                await store.breaker(),
            )
    except Unusable as error:
        return Finding(what, well=False, found=error.what, advice=error.advice)
    except ChassisError as error:
        return Finding(
            what, well=False, found=f"{url}: {error}", advice="check the URL, or run `orestream migrate`"
        )
    found = f"{url}: {waiting} commands wait, {parked} keys are parked"
    if backlog.tasks:
        found += f", {backlog.tasks} decisions have facts to come, since {backlog.oldest_seconds:.0f} s"
    if breaker is not None:
        advice = f"`orestream parked list --service {service}` shows what failed"
        return Finding(what, well=False, found=f"{found}; it stopped itself: {breaker}", advice=advice)
    return Finding(what, parked == 0, found, f"`orestream parked list --service {service}` shows them")
