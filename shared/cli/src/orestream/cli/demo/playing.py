"""Plays the demo: starts what is needed, sends the files, shows what follows, and judges the end."""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka.errors import KafkaError

from orestream.chassis.kafka.admin import admin_client
from orestream.chassis.records import Fetched
from orestream.chassis.settings import PREFIX, Settings
from orestream.cli.demo.scenario import Scenario, scenario
from orestream.cli.demo.show import Show
from orestream.cli.demo.showing import screen
from orestream.cli.demo.summary import differences, show_summary
from orestream.cli.failing import ExitCode
from orestream.cli.ledger import LEDGER_TOPICS, decode_all
from orestream.cli.ledger_checks import CHECKS
from orestream.cli.reaching import existing
from orestream.cli.reading import topic_reader
from orestream.cli.running import read_settings
from orestream.cli.stack import Stack, Wanted, running
from orestream.cli.terminal import answers as stdout
from orestream.cli.terminal import say
from orestream.contracts.topics import SERVICES, service_topics
from orestream.contracts.wire import source_of


async def play(data_dir: Path | None, bootstrap: str | None) -> ExitCode:
    """The whole demo.

    Args:
        data_dir: where to keep everything; without it a directory that is gone afterwards.
        bootstrap: a Kafka to use; without it an embedded one is started.

    Raises:
        Unusable, EmbeddedError: something cannot be started or reached.
    """
    say(stdout(), ("The first shipment, made live. ", "bold"), "Every quantity in it is invented.")
    mark = await _settle(bootstrap) if bootstrap is not None else ""
    with tempfile.TemporaryDirectory(prefix="orestream-demo-") as scratch:
        directory = data_dir or Path(scratch)
        async with (
            running(Wanted(directory, bootstrap=bootstrap), _note) as stack,
            _cleared_away(stack, mark),
        ):
            return await _perform(stack, scenario(mark))


async def _settle(bootstrap: str) -> str:
    """On a cluster that others use: a site, an environment and ids of this run's own; the ids' mark."""
    run = secrets.token_hex(3)
    os.environ[f"{PREFIX}SITE"] = os.environ[f"{PREFIX}ENV"] = f"demo-{run}"
    there = await existing(read_settings(bootstrap), LEDGER_TOPICS)
    if there:
        os.environ[f"{PREFIX}PARTITIONS"] = str(max(there.values()))
    return f"-{run}"


async def _perform(stack: Stack, wanted: Scenario) -> ExitCode:
    _note(f"{', '.join(SERVICES)} are ready, three processes on Kafka at {stack.bootstrap}")
    watching = asyncio.create_task(stack.supervisor.watch())
    try:
        async with topic_reader(stack.settings, LEDGER_TOPICS) as reader:
            show = Show(stack.settings, wanted, await reader.starts("end"))
            with screen() as shown:
                await show.run(reader, shown)
    finally:
        watching.cancel()
    ledger = decode_all(_own(show.records, stack.settings), reader.counts)
    verdicts = [check(ledger) for check in CHECKS]
    different = differences(wanted, show.answers, ledger)
    show_summary(ledger, verdicts, different, len(wanted.commands))
    clean = not different and not any(verdict.violations for verdict in verdicts)
    return ExitCode.OK if clean else ExitCode.VIOLATIONS


def _own(records: Sequence[Fetched], settings: Settings) -> list[Fetched]:
    """What this run's services wrote; on a shared cluster others write too."""
    sources = {source_of(settings.site, service).encode() for service in SERVICES}
    return [record for record in records if dict(record.headers).get("ce_source") in sources]


@asynccontextmanager
async def _cleared_away(stack: Stack, mark: str) -> AsyncIterator[None]:
    """Afterwards a shared cluster keeps the facts, and none of this run's own topics."""
    try:
        yield
    finally:
        if mark:
            await stack.supervisor.stop()
            await _delete_topics(stack.settings)


async def _delete_topics(settings: Settings) -> None:
    """Kafka may forbid it, or be gone: then they stay, and that is said."""
    names = [topic.name for service in SERVICES for topic in service_topics(settings.site, service)]
    try:
        async with admin_client(settings) as admin:
            await admin.delete_topics(names)
    except (KafkaError, OSError, TimeoutError) as error:
        _note(f"the topics of the site {settings.site} stay: {error}")


def _note(line: str) -> None:
    say(stdout(), (line, "dim"))
