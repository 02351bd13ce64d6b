"""Section: a large family of lots: a hold on its root reaches all of it; `orestream trace` draws it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Message

from orestream.contracts.lots import LotHeld
from orestream.contracts.topics import MINING_LOTS, OUTCOMES
from tests.bench.fleet import Fleet, FleetFailed
from tests.bench.harness.bench import Bench
from tests.bench.harness.figures import Figure
from tests.bench.harness.targets import Target
from tests.bench.harness.usage import PeakMemory
from tests.bench.services import SERVICES, final_answer
from tests.bench.traffic import family_tree, lots_in, outgoing
from tests.bench.watching import Outgoing, Watcher, header, send_all
from tests.support.desk import Desk

NAME = "genealogy"
ORESTREAM = str(Path(sys.executable).parent / "orestream")

_PATIENCE_S = 120.0
_TRACE_S = 600.0
_BRANCHING = {
    "quick": (3,) * 4 + (2,) * 4,
    "default": (3,) * 8 + (2,) * 3,
    "full": (3,) * 8 + (2,) * 3,
}
"""How many parts each lot of a level is split into, from the root down."""


@dataclass(frozen=True, slots=True)
class Genealogy:
    """The section; see `harness.bench.Section`."""

    name: str = NAME
    title: str = "A family of lots"
    share: float = 0.18
    targets: Sequence[Target] = ()

    async def run(self, bench: Bench) -> Sequence[Figure]:
        """Make the family once; hold its root; trace the root and a leaf."""
        return await asyncio.to_thread(_measure, bench)


def _measure(bench: Bench) -> Sequence[Figure]:
    branching = _BRANCHING[bench.sizes.name]
    lots, levels = lots_in(branching), len(branching) + 1
    system = f"mining, {lots:,} lots in {levels} levels"
    desk = Desk("g")
    # the topics of all three, which the trace reads; mining alone has the family
    with Fleet(bench, SERVICES) as fleet:
        fleet.start("mining")
        bench.progress(f"a family of {lots:,} lots is born")
        births = list(family_tree(desk, branching))
        born_s = _born(fleet, births)
        bench.progress("its root is held")
        answered_s, reached_s = _held(fleet, desk, lots)
        leaf = "TREE" + "".join(".1" for _ in branching)
        bench.progress("its root and a leaf are traced")
        traced = {name: _traced(fleet, lot_id) for name, lot_id in (("down", "TREE"), ("up", leaf))}
    figures = [
        Figure(NAME, system, "births by splitting", "lots/s", (lots / born_s,)),
        Figure(NAME, system, "hold of the root: answered and in force", "s", (answered_s,)),
        Figure(NAME, system, "hold of the root: told of every descendant", "s", (reached_s,)),
    ]
    for name, (seconds, memory_mb) in traced.items():
        figures.append(Figure(NAME, system, f"orestream trace, {name}", "s", (seconds,), memory_mb=memory_mb))
    return figures


def _born(fleet: Fleet, births: Sequence[Outgoing]) -> float:
    with Watcher(fleet.bootstrap, (OUTCOMES,), final_answer) as answers:
        began = time.monotonic()
        send_all(fleet.bootstrap, births)
        answers.await_names((one.name for one in births), _PATIENCE_S)
        return max(answers.arrived.values()) - began


def _held(fleet: Fleet, desk: Desk, lots: int) -> tuple[float, float]:
    """Seconds until the hold is answered, and until the last lot of the family is told of."""
    hold = outgoing(*desk.hold("TREE"))
    everybody = {f"held {number}" for number in range(1, lots + 1)}
    count = 0

    def held_or_answered(message: Message) -> str | None:
        nonlocal count
        if message.topic() == OUTCOMES:
            return final_answer(message)
        if header(message, "ce_type") != LotHeld.TYPE:
            return None
        count += 1
        return f"held {count}"

    with Watcher(fleet.bootstrap, (OUTCOMES, MINING_LOTS), held_or_answered) as watcher:
        began = time.monotonic()
        send_all(fleet.bootstrap, [hold])
        watcher.await_names({hold.name, *everybody}, _PATIENCE_S)
        answered = watcher.arrived[hold.name] - began
        return answered, max(watcher.arrived[name] for name in everybody) - began


def _traced(fleet: Fleet, lot_id: str) -> tuple[float, float]:
    """Seconds and peak memory in MB of one call of the command line."""
    began = time.monotonic()
    command = [ORESTREAM, "trace", lot_id, "--json", "--bootstrap", fleet.bootstrap]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process, PeakMemory((process.pid,)) as peak:
        printed, _ = process.communicate(timeout=_TRACE_S)
    took = time.monotonic() - began
    if process.returncode != 0:
        raise FleetFailed(f"orestream trace ended with code {process.returncode}")
    json.loads(printed)
    return took, peak.mb
