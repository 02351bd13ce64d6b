"""One system measured once: its processes started, the signal given, its visible output counted and checked.

Timed is from the starting signal (the filled input becomes visible) to the last visible output record, as an
independent read_committed reader sees it. Starting the processes, joining the group and opening connections
come before; a virtual machine that compiles as it goes does so within the time.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from orestream.cli.embedded.child import Child
from tests.bench.events import INPUT, OUTPUT
from tests.bench.harness.bench import CHECKOUT, Bench
from tests.bench.harness.figures import Cost
from tests.bench.harness.stage import (
    PARTITIONS,
    Master,
    NotMeasured,
    Prefill,
    Reader,
    create_topics,
    delete_topics,
    verify,
)
from tests.bench.harness.usage import PeakMemory, Processes

_WARM = 400
_READY_S, _STALLED_S, _STOP_S = 90.0, 30.0, 8.0
_SETTLE_S = 0.5
_POLL_S = 0.005
_HUNDRED_THOUSAND = 100_000

Pace = Literal["fast", "slow", "long"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a system finds its input, its output, its database and a directory of its own."""

    bootstrap: str
    directory: Path
    database: str
    input: str = INPUT
    output: str = OUTPUT
    partitions: int = PARTITIONS


@dataclass(frozen=True, slots=True)
class Program:
    """A process to start: its command line and what its environment has besides."""

    command: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)


def _nothing_to_prepare(_place: Place) -> Sequence[Program]:
    return ()


def _nothing_missing() -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class System:
    """What is measured.

    Args:
        name: as it stands in the tables.
        guarantee: what is promised when a process, the broker or the database is killed.
        programs: its processes, which run until they are stopped.
        prepare: programs that run to their end before.
        pace: which of the bench's numbers of records it is given.
        headers: whether it needs the headers of the input records.
        store: what it keeps state in; a database is made for `postgresql`.
        missing: why it cannot be measured here, if so.
        note: what its row must say besides.
    """

    name: str
    guarantee: str
    programs: Callable[[Place], Sequence[Program]]
    prepare: Callable[[Place], Sequence[Program]] = _nothing_to_prepare
    pace: Pace = "fast"
    headers: bool = False
    store: Literal["postgresql", "own"] = "own"
    missing: Callable[[], str | None] = _nothing_missing
    note: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run gave: records per second, CPU seconds per 100,000 records, the application's memory."""

    rate: float
    cost: Cost
    memory_mb: float


def run_once(bench: Bench, master: Master, system: System, records: int) -> Run:
    """Measure the system with so many records, a multiple of the partitions.

    Raises:
        NotMeasured: a process ended, or the output stalled or is not what it must be.
    """
    with ExitStack() as stack:
        place = stack.enter_context(_place(bench, system))
        for program in system.prepare(place):
            _run_to_end(program, place)
        create_topics(place.bootstrap, (place.input, place.output), PARTITIONS)
        prefill = Prefill(place.bootstrap, master, place.input, headers=system.headers)
        prefill.fill(_WARM, records)
        reader = stack.enter_context(Reader(place.bootstrap, place.output, PARTITIONS))
        children = [
            stack.enter_context(_running(program, place, number))
            for number, program in enumerate(system.programs(place), 1)
        ]
        _await(reader, _WARM, children, min(_READY_S, max(bench.left_s(), _STALLED_S)))
        time.sleep(_SETTLE_S)
        return _measure(bench, system, prefill, reader, children=children, records=records)


def _measure(
    bench: Bench, system: System, prefill: Prefill, reader: Reader, *, children: Sequence[Child], records: int
) -> Run:
    database = (bench.postgres.pid,) if system.store == "postgresql" else ()
    processes = Processes(tuple(child.pid for child in children), database, (bench.broker.pid,))
    before = processes.cpu()
    with PeakMemory(processes.application) as memory:
        started = time.monotonic()
        prefill.start()
        _await(reader, _WARM + records, children, _STALLED_S)
        took = reader.last_at - started
        after = processes.cpu()
    application, stored, broker = (
        (one - other) * _HUNDRED_THOUSAND / records for one, other in zip(after, before, strict=True)
    )
    _end(children)
    verify(bench.broker.bootstrap, reader.topic, PARTITIONS, _WARM + records)
    return Run(records / took, Cost(application, stored if database else None, broker), memory.mb)


@contextmanager
def _place(bench: Bench, system: System) -> Iterator[Place]:
    """Topics, a database and a directory for one run; all gone afterwards."""
    with bench.scratch("run") as directory:
        url = bench.postgres.create_database("bench") if system.store == "postgresql" else ""
        try:
            yield Place(bench.broker.bootstrap, directory, url)
        finally:
            delete_topics(bench.broker.bootstrap)
            if url:
                bench.postgres.drop_database("bench")


@contextmanager
def _running(program: Program, place: Place, number: int) -> Iterator[Child]:
    child = _start(program, place, f"process-{number}.log")
    try:
        yield child
    finally:
        child.stop(_STOP_S)


def _end(children: Sequence[Child]) -> None:
    for child in children:
        child.stop(_STOP_S)


def _start(program: Program, place: Place, log: str) -> Child:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(import_path()), **program.environment}
    return Child(program.command, place.directory / log, environment=environment)


def import_path() -> tuple[str, ...]:
    """Where a system's process finds the bench's event, also in an environment of its own."""
    return str(CHECKOUT), str(CHECKOUT / "shared" / "contracts" / "src")


def _run_to_end(program: Program, place: Place) -> None:
    child = _start(program, place, "prepare.log")
    code = child.wait(_READY_S)
    if code != 0:
        raise NotMeasured(f"its preparation ended with code {code}: {child.log_tail}")


def _await(reader: Reader, wanted: int, children: Sequence[Child], patience_s: float) -> None:
    """Wait for so many visible records; the patience begins anew with each that comes."""
    seen, since = reader.count, time.monotonic()
    while reader.count < wanted:
        if reader.failure is not None:
            raise NotMeasured(f"the reader failed: {reader.failure}")
        for child in children:
            if not child.running:
                raise NotMeasured(f"a process ended: {child.log_tail}")
        if reader.count > seen:
            seen, since = reader.count, time.monotonic()
        elif time.monotonic() > since + patience_s:
            tails = " ".join(child.log_tail for child in children)
            raise NotMeasured(f"{seen:,} of {wanted:,} records visible, none in {patience_s:.0f} s: {tails}")
        time.sleep(_POLL_S)


def python_program(module: str, *arguments: str, **environment: str) -> Program:
    """A module of this checkout, run by the Python that runs the bench."""
    return Program((sys.executable, "-m", module, *arguments), environment)
