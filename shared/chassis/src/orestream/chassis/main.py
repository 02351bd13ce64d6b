"""The command line of a service: `python -m orestream.<service> [run | migrate | topics plan|apply]`."""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from orestream.chassis.errors import (
    ChassisError,
    Fatal,
    PartitionsDiffer,
    Recoverable,
    SchemaOutOfRange,
    TopicsMissing,
)
from orestream.chassis.exits import Exit
from orestream.chassis.intake.setup import Decode
from orestream.chassis.intake.writer import TopicOfFact
from orestream.chassis.kafka.admin import admin_client, apply, plan
from orestream.chassis.kafka.connection import UNREACHABLE
from orestream.chassis.kafka.topics import needed
from orestream.chassis.logs import configure
from orestream.chassis.metrics import Observe, observe_nothing
from orestream.chassis.recovery.verb import lines, recover_service
from orestream.chassis.service import run
from orestream.chassis.settings import Settings, SettingsInvalid, cards
from orestream.chassis.store import migrate
from orestream.contracts.decision import Domain
from orestream.contracts.registry import decode as decode_any
from orestream.contracts.topics import topic_of_fact


def serve(
    service: str,
    build: Callable[[Path | None], Domain],
    argv: Sequence[str] | None = None,
    *,
    decode: Decode = decode_any,
    observe: Observe = observe_nothing,
    topic_of: TopicOfFact = topic_of_fact,
) -> int:
    """Run a service's command line; returns the exit code. A user's mistake ends without a traceback.

    Args:
        service: `mining`, `processing` or `export`.
        build: makes its pure part, from the directory of an operator's own rule tables where there is one.
        argv: the command line; the process's own where absent.
        decode: one record's envelope and message.
        observe: what of the service's own facts its metrics show.
        topic_of: the topic of a fact, by service and class name.
    """
    arguments = _parser(service).parse_args(sys.argv[1:] if argv is None else list(argv))
    try:
        settings = Settings.read()
        configure(service, settings.log_format, settings.log_level)
        match arguments.verb:
            case "migrate":
                return asyncio.run(_migrate(settings, service))
            case "topics":
                return asyncio.run(_topics(settings, service, arguments.step))
            case "recover":
                return _recover(settings, build, decode, topic_of, dry_run=arguments.dry_run)
            case _:
                return _run(settings, build, decode, observe, topic_of)
    except SettingsInvalid as error:
        print(*error.lines, sep="\n", file=sys.stderr)  # noqa: T201 - a command line speaks
        return int(Exit.SETTINGS)


def _run(
    settings: Settings,
    build: Callable[[Path | None], Domain],
    decode: Decode,
    observe: Observe,
    topic_of: TopicOfFact,
) -> int:
    try:
        domain = build(settings.rules_dir)
    except (ValueError, OSError) as error:
        # rule tables; what is wrong with them is an operator's to put right
        return _failed(error, Exit.SETTINGS)
    collect_seldom()
    return int(asyncio.run(run(settings, domain, decode, observe=observe, topic_of=topic_of)))


def _recover(
    settings: Settings,
    build: Callable[[Path | None], Domain],
    decode: Decode,
    topic_of: TopicOfFact,
    *,
    dry_run: bool,
) -> int:
    """Exit code 3 where a dry run finds something to take back, 4 where an operator must look."""
    try:
        domain = build(settings.rules_dir)
    except (ValueError, OSError) as error:
        return _failed(error, Exit.SETTINGS)
    work = recover_service(settings, domain, decode, topic_of, progress=_progress, dry_run=dry_run)
    try:
        recovered = asyncio.run(work)
    except (SchemaOutOfRange, TopicsMissing, PartitionsDiffer, Recoverable, *UNREACHABLE) as error:
        return _failed(error, Exit.NOT_PREPARED)
    except Fatal as error:
        return _failed(error, Exit.HALTED)
    print(*lines(recovered, dry_run=dry_run), sep="\n")  # noqa: T201 - a command line speaks
    return int(Exit.NOT_PREPARED if dry_run and not recovered.level else Exit.OK)


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - a command line speaks


def collect_seldom() -> None:
    """Look for cyclic garbage seldom, and never in what was imported.

    A batch's objects go by their reference counts; looking through them all the same costs a fifth of the
    throughput.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _migrate(settings: Settings, service: str) -> int:
    try:
        revision = await migrate(settings.database_for(service))
    except ChassisError as error:
        return _failed(error, Exit.NOT_PREPARED)
    print(f"the schema of {service} is at {revision}")  # noqa: T201 - a command line speaks
    return int(Exit.OK)


async def _topics(settings: Settings, service: str, step: str) -> int:
    """Plan: exit code 3 where something is missing or different. Apply: only what differs remains."""
    try:
        async with admin_client(settings) as admin:
            topics = needed(settings, service).topics
            found = await plan(admin, topics)
            if step == "apply":
                for name in await apply(admin, found, settings.replication):
                    print(f"{name}: created")  # noqa: T201 - a command line speaks
                found = await plan(admin, topics)
    except UNREACHABLE as error:
        return _failed(error, Exit.NOT_PREPARED)
    print(*(found.lines() or ("all topics are as the catalogue says",)), sep="\n")  # noqa: T201 - a command line speaks
    return int(Exit.OK if found.clean else Exit.NOT_PREPARED)


def _failed(error: BaseException, code: Exit) -> int:
    print(f"error: {error or repr(error)}", file=sys.stderr)  # noqa: T201 - a command line speaks
    return int(code)


def _parser(service: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m orestream.{service}",
        description=f"The {service} service of orestream.",
        epilog=_epilog(service),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="{run,migrate,topics,recover}")
    verbs.add_parser("run", help="run the service until SIGINT or SIGTERM (default)")
    verbs.add_parser("migrate", help="bring the database's schema up to this version")
    taken_back = verbs.add_parser(
        "recover",
        help="take the visible records back into a database that is behind them",
    )
    taken_back.add_argument("--dry-run", action="store_true", help="only say what would be taken back")
    topics = verbs.add_parser(
        "topics", help="compare the service's topics with the catalogue, or create them"
    )
    topics.add_argument(
        "step", choices=("plan", "apply"), help="plan changes nothing, apply creates what is missing"
    )
    return parser


def _epilog(service: str) -> str:
    settings = "\n".join(f"  {card.variable:<36} {card.description} [{card.default}]" for card in cards())
    return f"""\
examples:
  python -m orestream.{service} migrate
  python -m orestream.{service} topics apply
  ORESTREAM_BOOTSTRAP_SERVERS=kafka:9092 ORESTREAM_DATABASE_URL=sqlite:///{service}.db \\
    python -m orestream.{service}

settings, from the environment (database URL, user and passwords also from a file, by …_FILE):
{settings}

exit codes: 0 stopped as asked, 1 a fault of the program, 2 wrong settings, 3 schema or topics are not
prepared, 4 an operator must look, 5 the grace period was over first
"""
