"""Section: from the moment a record is sent until its effect is visible to a read_committed subscriber."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from confluent_kafka import Message

from orestream.contracts.shipments import ShipmentRecalled
from orestream.contracts.topics import EXPORT_SHIPMENTS, OUTCOMES
from tests.bench.events import INPUT, OUTPUT, Feed
from tests.bench.fleet import HANDLER, Fleet
from tests.bench.harness.bench import Bench
from tests.bench.harness.figures import Figure
from tests.bench.harness.stage import KEYS, PARTITIONS
from tests.bench.harness.targets import Bound, Target
from tests.bench.services import SERVICES, final_answer, within
from tests.bench.traffic import outgoing, sources
from tests.bench.watching import Outgoing, Pacer, Watcher, header, send_all
from tests.support.chain import commands as chain_commands
from tests.support.chain import many
from tests.support.desk import Desk
from tests.support.worlds import parse

NAME = "latency"
IDLE = "the bench's handler, 20 records/s"
HALF = "the bench's handler, half of its maximum"
ANSWER = "mining, command to outcome, 20 commands/s"
CHAIN = "mining to export, hold to recalled shipment"
P50, P99 = "p50", "p99"

_QUIET_RATE = 20.0
_RUN_UP = 400
_SETTLE_S = 1.0


@dataclass(frozen=True, slots=True)
class _Amounts:
    quiet: int
    burst: int
    busy_s: float
    shipments: int
    repeats: int


_AMOUNTS = {
    "quick": _Amounts(80, 10_000, 2, 3, 1),
    "default": _Amounts(300, 40_000, 8, 20, 2),
    "full": _Amounts(1_200, 200_000, 20, 100, 2),
}

_TARGETS: tuple[Target, ...] = (
    Bound("latency at 20/s, p50 ≤ 15 ms", IDLE, P50, 15, " ms"),
    Bound("latency at 20/s, p99 ≤ 60 ms", IDLE, P99, 60, " ms"),
)

Samples = dict[str, list[list[float]]]
"""System → the milliseconds of each repeat."""


@dataclass(frozen=True, slots=True)
class Latency:
    """The section; see `harness.bench.Section`."""

    name: str = NAME
    title: str = "From sent to visible"
    share: float = 0.06
    targets: Sequence[Target] = _TARGETS

    async def run(self, bench: Bench) -> Sequence[Figure]:
        """The handler, then one service, then all three, in turns."""
        amounts = _AMOUNTS[bench.sizes.name]
        samples: Samples = {}
        for repeat in within(bench, amounts.repeats):
            bench.progress(f"latency, {repeat} of {amounts.repeats}")
            for measure in (_handler, _answers, _recalls):
                found = await asyncio.to_thread(measure, bench, amounts)
                for system, values in found.items():
                    samples.setdefault(system, []).append(values)
        return [
            Figure(NAME, system, name, "ms", tuple(percentile(one, part) for one in some), note=_note(some))
            for system, some in samples.items()
            for name, part in ((P50, 0.5), (P99, 0.99))
        ]


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest of the values that at least this part of them does not exceed."""
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]


def _handler(bench: Bench, amounts: _Amounts) -> dict[str, list[float]]:
    with Fleet(bench, (HANDLER,)) as fleet, Watcher(fleet.bootstrap, (OUTPUT,), cause) as seen:
        fleet.start_all()
        feed = Feed(KEYS, PARTITIONS)
        _through(fleet, seen, list(events(feed, _RUN_UP)))
        quiet = _paced(fleet, seen, events(feed, amounts.quiet), _QUIET_RATE)
        burst = list(events(feed, amounts.burst))
        maximum = amounts.burst / _through(fleet, seen, burst)
        count = int(maximum / 2 * amounts.busy_s)
        busy = _paced(fleet, seen, list(events(feed, count)), maximum / 2)
    return {IDLE: quiet, HALF: busy}


def _answers(bench: Bench, amounts: _Amounts) -> dict[str, list[float]]:
    with Fleet(bench, ("mining",)) as fleet, Watcher(fleet.bootstrap, (OUTCOMES,), final_answer) as seen:
        fleet.start_all()
        desk = Desk("l")
        _through(fleet, seen, list(sources(desk)))
        load = [outgoing(*desk.mine(f"LOT-{n}", source_id="SRC-0")) for n in range(amounts.quiet)]
        return {ANSWER: _paced(fleet, seen, load, _QUIET_RATE)}


def _recalls(bench: Bench, amounts: _Amounts) -> dict[str, list[float]]:
    """A mine's lot is held; what was made from it has sailed: its shipment is recalled."""
    before, holds = _shipped(amounts.shipments)
    with Fleet(bench, SERVICES) as fleet:
        fleet.start_all()
        with Watcher(fleet.bootstrap, (OUTCOMES,), final_answer) as answers:
            _through(fleet, answers, before)
        with Watcher(fleet.bootstrap, (EXPORT_SHIPMENTS,), recalled) as seen:
            return {CHAIN: _paced(fleet, seen, holds, _QUIET_RATE / 4)}


def _shipped(count: int) -> tuple[list[Outgoing], list[Outgoing]]:
    """Whole shipments up to their sailing, and for each the hold on one of its lots."""
    last = chain_commands()[-1]["command"]
    every = [(command["command"] == last, outgoing(*parse(command))) for command in many(count)[0]]
    return [one for is_last, one in every if not is_last], [one for is_last, one in every if is_last]


def _through(fleet: Fleet, seen: Watcher, load: Sequence[Outgoing]) -> float:
    """Send everything at once; seconds from the first effect to the last."""
    send_all(fleet.bootstrap, load)
    names = [one.name for one in load]
    seen.await_names(names)
    arrived = [seen.arrived[name] for name in names]
    return max(arrived) - min(arrived)


def _paced(fleet: Fleet, seen: Watcher, load: Iterable[Outgoing], per_second: float) -> list[float]:
    """Milliseconds from sent to visible of each record."""
    pacer = Pacer(fleet.bootstrap, per_second)
    pacer.send(load)
    seen.await_names(pacer.sent)
    return [1000 * (seen.arrived[name] - at) for name, at in pacer.sent.items()]


def events(feed: Feed, count: int) -> Iterator[Outgoing]:
    """Input of the bench's handler; its effect is recognised by the id of its cause."""
    for record in feed.events(count):
        name = dict(record.headers)["ce_id"].decode()
        yield Outgoing(name, INPUT, record.partition, record.key, record.headers, record.value)


def cause(message: Message) -> str | None:
    """The message that a record follows from."""
    return header(message, "ce_causationid")


def recalled(message: Message) -> str | None:
    """The command that a shipment's recall goes back to."""
    return (
        header(message, "ce_correlationid") if header(message, "ce_type") == ShipmentRecalled.TYPE else None
    )


def _note(repeats: Sequence[Sequence[float]]) -> str:
    return f"{sum(map(len, repeats)):,} records"
