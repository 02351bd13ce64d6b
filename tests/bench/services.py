"""Section: the services themselves, alone and in a chain, with few and with many lots in the database."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from confluent_kafka import Message

from orestream.contracts.topics import OUTCOMES
from tests.bench.fleet import Fleet
from tests.bench.harness.bench import Bench
from tests.bench.harness.figures import Cost, Figure, middle_cost
from tests.bench.harness.targets import Bound, Target, memory
from tests.bench.harness.usage import PeakMemory
from tests.bench.traffic import lots, outgoing, shipments, sources
from tests.bench.watching import Outgoing, Watcher, send_all
from tests.support.desk import Desk

NAME = "services"
SERVICES = ("mining", "processing", "export")
RATE = "commands per second"
FLAT = "CPU of a command, against an empty database"
GUARANTEE = "exactly-once; one answer to every command"
CHAIN = "mining, processing and export, whole shipments"

_TEMPLATE = "LOT-TEMPLATE"
_HUNDRED_THOUSAND = 100_000
# rows that one lot has, its command's answer included; whatever names the lot is renamed
_MULTIPLY = (
    (
        "INSERT INTO aggregate SELECT kind, replace(id, $1, 'LOT-P' || n), version, format,"
        " replace(state, $1, 'LOT-P' || n) FROM aggregate, generate_series(1, $2::bigint) n"
        " WHERE id LIKE '%' || $1 || '%'"
    ),
    (
        "INSERT INTO lane SELECT replace(key, $1, 'LOT-P' || n), version, ready, next_place"
        " FROM lane, generate_series(1, $2::bigint) n WHERE key LIKE '%' || $1 || '%'"
    ),
    (
        "INSERT INTO outcome SELECT command_id || '-' || n, digest, status, replace(answer, $1, 'LOT-P' || n)"
        " FROM outcome, generate_series(1, $2::bigint) n WHERE answer LIKE '%' || $1 || '%'"
    ),
)


def mining_with(lots_there: int) -> str:
    """The name of mining with so many lots in its database before it is measured."""
    return f"mining, {lots_there:,} lots in the database"


@dataclass(frozen=True, slots=True)
class _Amounts:
    commands: int
    shipments: int
    lots_there: tuple[int, ...]
    repeats: int


_AMOUNTS = {
    "quick": _Amounts(3_000, 5, (0, 20_000), 1),
    "default": _Amounts(12_000, 60, (0, 100_000), 2),
    "full": _Amounts(20_000, 200, (0, 100_000, 1_000_000), 1),
}

_TARGETS: tuple[Target, ...] = (
    Bound("cost per command stays within 20 %, 100,000 lots", mining_with(100_000), FLAT, 1.2, " ×"),
    Bound("cost per command stays within 20 %, 1,000,000 lots", mining_with(1_000_000), FLAT, 1.2, " ×"),
    Bound("resident memory of mining under load ≤ 150 MB", mining_with(0), RATE, 150, " MB", memory),
)


@dataclass(frozen=True, slots=True)
class _Run:
    rate: float
    cost: Cost
    memory_mb: float


@dataclass(frozen=True, slots=True)
class Services:
    """The section; see `harness.bench.Section`."""

    name: str = NAME
    title: str = "Commands through the services"
    share: float = 0.22
    targets: Sequence[Target] = _TARGETS

    async def run(self, bench: Bench) -> Sequence[Figure]:
        """Mining with each number of lots in turns, then whole shipments through all three."""
        amounts = _AMOUNTS[bench.sizes.name]
        runs: dict[str, list[_Run]] = {}
        for repeat in within(bench, amounts.repeats):
            for there in amounts.lots_there:
                bench.progress(f"mining, {there:,} lots in the database, {repeat} of {amounts.repeats}")
                runs.setdefault(mining_with(there), []).append(
                    await _mining(bench, there, amounts.commands, repeat)
                )
            bench.progress(f"{amounts.shipments} whole shipments, {repeat} of {amounts.repeats}")
            runs.setdefault(CHAIN, []).append(await asyncio.to_thread(_chain, bench, amounts.shipments))
        figures = [_figure(system, some) for system, some in runs.items()]
        return [*figures, *_flat(runs, mining_with(0))]


def within(bench: Bench, repeats: int) -> Iterator[int]:
    """Numbers of repeats from 1, while there is time for one more like the longest; says what is dropped."""
    longest = 0.0
    for repeat in range(1, repeats + 1):
        if repeat > 1 and bench.left_s() < longest:
            bench.remark(f"repeats {repeat} to {repeats} are dropped: no time is left")
            return
        began = time.monotonic()
        yield repeat
        longest = max(longest, time.monotonic() - began)


async def _mining(bench: Bench, lots_there: int, commands: int, repeat: int) -> _Run:
    """Lots are mined by a service that knows so many already."""
    with Fleet(bench, ("mining",)) as fleet:
        await asyncio.to_thread(fleet.start_all)
        with _answers(fleet) as answers:
            desk = Desk(f"b{repeat}")
            warm = [*sources(desk), *_template(desk), *lots(desk, 0, 400)]
            await asyncio.to_thread(_ask, fleet, answers, warm)
            await _multiply(fleet, lots_there)
            load = list(lots(desk, 1_000, commands))
            return await asyncio.to_thread(_measure, fleet, answers, load)


def _chain(bench: Bench, count: int) -> _Run:
    """Whole shipments through all three services: what waits for another service's facts included."""
    with Fleet(bench, SERVICES) as fleet:
        fleet.start_all()
        with _answers(fleet) as answers:
            return _measure(fleet, answers, shipments(count))


def _measure(fleet: Fleet, answers: Watcher, load: Sequence[Outgoing]) -> _Run:
    """From the first command sent to the last final answer visible."""
    before = fleet.processes().cpu()
    with PeakMemory(tuple(replica.pid for replica in fleet.replicas)) as peak:
        started = time.monotonic()
        _ask(fleet, answers, load)
        took = max(answers.arrived[one.name] for one in load) - started
        after = fleet.processes().cpu()
    per = _HUNDRED_THOUSAND / len(load)
    cost = Cost(*((one - other) * per for one, other in zip(after, before, strict=True)))
    return _Run(len(load) / took, cost, peak.mb / len(fleet.replicas))


def _ask(fleet: Fleet, answers: Watcher, load: Sequence[Outgoing]) -> None:
    send_all(fleet.bootstrap, load)
    answers.await_names(one.name for one in load)


def _answers(fleet: Fleet) -> Watcher:
    return Watcher(fleet.bootstrap, (OUTCOMES,), final_answer)


def final_answer(message: Message) -> str | None:
    """The command that a record answers for good."""
    value = message.value()
    answer = json.loads(value) if value else {}
    return None if answer.get("status") in (None, "waiting") else str(answer["command_id"])


def _template(desk: Desk) -> Iterator[Outgoing]:
    yield outgoing(*desk.mine(_TEMPLATE, "24000.000", source_id="SRC-0"))


async def _multiply(fleet: Fleet, count: int) -> None:
    """Copy what the database knows of one lot, under other names, as often as asked."""
    if not count:
        return
    connection = await fleet.connect("mining")
    try:
        for statement in _MULTIPLY:
            await connection.execute(statement, _TEMPLATE, count, timeout=600)
        await connection.execute("VACUUM ANALYZE", timeout=600)
        await connection.execute("CHECKPOINT", timeout=600)
    finally:
        await connection.close()


def _figure(system: str, runs: Sequence[_Run]) -> Figure:
    note = "memory of each process, the mean of the three" if system == CHAIN else ""
    return Figure(
        NAME,
        system,
        RATE,
        "commands/s",
        tuple(run.rate for run in runs),
        middle_cost([run.cost for run in runs]),
        max(run.memory_mb for run in runs),
        GUARANTEE,
        note,
    )


def _flat(runs: dict[str, list[_Run]], empty: str) -> Iterator[Figure]:
    """How much dearer a command is than with an empty database, CPU of service and database together."""
    for system, some in runs.items():
        if system not in (empty, CHAIN):
            values = tuple(_cpu(one) / _cpu(bare) for one, bare in zip(some, runs[empty], strict=True))
            yield Figure(NAME, system, FLAT, "×", values)


def _cpu(run: _Run) -> float:
    return run.cost.application + (run.cost.database or 0.0)
