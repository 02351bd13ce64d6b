"""One chaos run from beginning to end: world, load, faults, quiet, verdict, report."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from orestream.cli.embedded.child import Child
from orestream.contracts.topics import SERVICES
from tests.chaos.executor import Executor
from tests.chaos.faults.catalogue import fitting
from tests.chaos.journal import lines
from tests.chaos.options import Options
from tests.chaos.reader import Reader
from tests.chaos.report.page import write as write_report
from tests.chaos.sampler import Sampler
from tests.chaos.schedule import schedule
from tests.chaos.world.member import ROOT
from tests.chaos.world.world import PARTITIONS, SITE, World, world

QUIET_WITHIN_S = 120.0
"""After the last fault is healed and the sender has stopped, everything is done within this time."""
TOLD_EVERY_S = 5.0
_SENDER_GRACE_S = 90.0
_LOOK_S = 0.2
_CHECKER_S = 600.0


@dataclass(slots=True)
class Running:
    """The parts of a run that is under way."""

    options: Options
    world: World
    executor: Executor
    reader: Reader
    sampler: Sampler
    sender: Child
    began: float


def execute(options: Options) -> bool:
    """One run; True where everything holds. Prints how it goes."""
    directory = options.directory
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    say(f"seed {options.seed}: {options.command()}")
    return asyncio.run(_run(options, directory))


async def _run(options: Options, directory: Path) -> bool:
    plan = schedule(options.seed, options.minutes * 60, fitting(options))
    say(f"{len(plan)} faults in {options.minutes:g} min; {options.store}, {options.nodes} broker(s)")
    async with world(options, directory) as made:
        say("all services are ready")
        reader = Reader(made.brokers.bootstrap)
        reader.start()
        made.published = lambda service: reader.cursors.get(service, (0, ""))[0]
        sender = _sender(options, made, directory)
        running = Running(
            options,
            made,
            Executor(made, plan, options.minutes * 60, directory / "faults.jsonl"),
            reader,
            Sampler(made, reader, directory / "samples.jsonl"),
            sender,
            time.time(),
        )
        try:
            quiet_at, trouble = await _play(running, directory)
            _write_run(running, directory, quiet_at, trouble)
            checked = await asyncio.to_thread(_check, directory)
            page = await asyncio.to_thread(write_report, directory)
        finally:
            sender.kill()
            await asyncio.to_thread(reader.stop)
    for line in trouble:
        say(f"TROUBLE {line}")
    say(f"report: {page}")
    return checked and not trouble


async def _play(running: Running, directory: Path) -> tuple[float | None, list[str]]:
    """Faults and load to their end, then quiet; returns since when it was quiet and what went wrong."""
    helpers = [
        asyncio.create_task(part)
        for part in (running.world.keep(), running.sampler.run(), _tell(running, directory))
    ]
    try:
        await _faults(running)
        say("the last fault is healed")
        trouble = [f"the run's own fault failed: {error}" for error in running.executor.errors]
        code = await _sent_all(running)
        if code != 0:
            trouble.append(f"the sender ended with code {code}:\n{running.sender.log_tail}")
        running.sampler.quiet_at = None
        quiet_at = await _quiet(running)
        if quiet_at is None:
            trouble.append(f"not quiet {QUIET_WITHIN_S:.0f} s after the load: {running.sampler.standing}")
            for member in running.world.wanted():
                member.signal(signal.SIGUSR1)
        trouble += [f"{name} halted" for name in running.world.halted]
    finally:
        for helper in helpers:
            helper.cancel()
        outcomes = await asyncio.gather(*helpers, return_exceptions=True)
    await running.world.await_ready(running.world.wanted())
    trouble += [repr(error) for error in outcomes if isinstance(error, Exception)]
    codes = await asyncio.gather(*(asyncio.to_thread(member.stop) for member in running.world.wanted()))
    trouble += [f"a service ended with code {code} at the end" for code in codes if code != 0]
    return quiet_at, trouble


async def _faults(running: Running) -> None:
    """All faults of the plan; without a sender they would show nothing."""
    faults = asyncio.create_task(running.executor.run())
    sender = asyncio.create_task(_sent_all(running))
    await asyncio.wait((faults, sender), return_when=asyncio.FIRST_COMPLETED)
    if not faults.done() and running.sender.wait(0.0) != 0:
        faults.cancel()
    await asyncio.gather(faults, return_exceptions=faults.cancelling() > 0)


async def _sent_all(running: Running) -> int:
    """The sender's exit code; it is killed when it takes much longer than it should."""
    left = running.began + running.options.minutes * 60 + _SENDER_GRACE_S - time.time()
    return await asyncio.to_thread(running.sender.wait, max(1.0, left))


async def _quiet(running: Running) -> float | None:
    deadline = time.time() + QUIET_WITHIN_S
    while time.time() < deadline:
        if running.sampler.quiet():
            say("quiet: nothing left to do")
            return running.sampler.quiet_at
        await asyncio.sleep(_LOOK_S)
    return None


async def _tell(running: Running, directory: Path) -> None:
    """A line of progress each few seconds."""
    while True:
        sent = await asyncio.to_thread(_sent, directory / "history.jsonl")
        standing = running.sampler.standing
        say(
            f"{time.time() - running.began:4.0f} s  sent {sent}  visible {running.reader.visible}"
            f"  lag {sum(one.lag for one in standing.values())}"
            f"  outbox {sum(one.outbox for one in standing.values())}"
            f"  faults {running.executor.done}/{len(running.executor.plan)}"
            f"  {', '.join(running.executor.on) or 'calm'}"
        )
        await asyncio.sleep(TOLD_EVERY_S)


def _sent(path: Path) -> int:
    return sum(line["event"] == "sent" for line in lines(path))


def _sender(options: Options, made: World, directory: Path) -> Child:
    command = [sys.executable, "-m", "tests.chaos.workload", "--bootstrap", made.brokers.bootstrap]
    command += ["--seed", str(options.seed), "--rate", f"{options.rate:g}"]
    command += ["--seconds", f"{options.minutes * 60:g}", "--site", SITE]
    command += ["--partitions", str(PARTITIONS)]
    command += ["--history", str((directory / "history.jsonl").absolute())]
    return Child(command, directory / "sender.log", environment=_environment())


def _check(directory: Path) -> bool:
    """The checker's verdict, printed by itself."""
    command = [sys.executable, "-m", "tests.chaos.checker", str(directory.absolute())]
    checker = Child(command, directory / "checker.log", environment=_environment())
    code = checker.wait(_CHECKER_S)
    print((directory / "checker.log").read_text(), flush=True)  # noqa: T201 - a command line speaks
    return code == 0


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def _write_run(running: Running, directory: Path, quiet_at: float | None, trouble: list[str]) -> None:
    options, made = running.options, running.world
    content: dict[str, Any] = {
        "seed": options.seed,
        "command_line": options.command(),
        "store": options.store,
        "nodes": options.nodes,
        "replicas": options.replicas,
        "site": SITE,
        "mutant": options.mutant,
        "duration": options.minutes * 60,
        "rate": options.rate,
        "services": {service: made.databases.url(service) for service in SERVICES},
        "bootstrap_servers": made.brokers.bootstrap,
        "environment": environment(),
        "began_at": running.began,
        "healed_at": running.executor.healed_at,
        "quiet_at": quiet_at,
        "trouble": trouble,
        "exits": {name: member.exits for name, member in made.members.items() if member.exits},
    }
    (directory / "run.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def environment() -> dict[str, Any]:
    """On what the run was made."""
    return {
        "cpus": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / (1 << 30), 1),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("aiokafka", "asyncpg", "confluent-kafka", "faststream")},
    }


def say(line: str) -> None:
    """One line for whoever watches."""
    print(line, flush=True)  # noqa: T201 - a command line speaks
