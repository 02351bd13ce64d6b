"""Section: rows a second that the relay publishes, the outbox filled beforehand and nothing else to do."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.harness.bench import CHECKOUT, Bench
from tests.bench.harness.figures import Figure
from tests.bench.harness.targets import Bound, Target
from tests.bench.services import within

NAME = "relay"
POSTGRES, SQLITE = "the relay alone, PostgreSQL", "the relay alone, SQLite"
ROWS, CPU = "rows per second", "CPU time a row"

_STORES = {POSTGRES: "postgres", SQLITE: "sqlite"}
_ROWS = {"quick": 40_000, "default": 100_000, "full": 1_000_000}
_REPEATS = {"quick": 1, "default": 2, "full": 2}
_PATIENCE_S = 900.0

_TARGETS: tuple[Target, ...] = (
    Bound("relay ≥ 50,000 rows/s", POSTGRES, ROWS, 50_000, " rows/s", side="at least"),
)


class RelayFailed(Exception):
    """The run ended with an error; the message has the end of what it said."""


@dataclass(frozen=True, slots=True)
class Relaying:
    """The section; see `harness.bench.Section`."""

    name: str = NAME
    title: str = "The relay alone"
    share: float = 0.05
    targets: Sequence[Target] = _TARGETS

    async def run(self, bench: Bench) -> Sequence[Figure]:
        """Each store in turns, every run with a broker and a database server of its own."""
        size = bench.sizes.name
        runs: dict[str, list[tuple[float, float]]] = {system: [] for system in _STORES if bench.wants(system)}
        for repeat in within(bench, _REPEATS[size]):
            for system, some in runs.items():
                bench.progress(f"{system}, {repeat} of {_REPEATS[size]}")
                some.append(await asyncio.to_thread(_published, _STORES[system], _ROWS[size]))
        note = f"{_ROWS[size]:,} rows of 600 bytes and headers a run"
        return [
            Figure(NAME, system, metric, unit, tuple(run[which] for run in some), note=note)
            for system, some in runs.items()
            for which, (metric, unit) in enumerate(((ROWS, "rows/s"), (CPU, "µs")))
        ]


def _published(store: str, rows: int) -> tuple[float, float]:
    """Rows a second, and microseconds of the relay's CPU time for each."""
    command = [
        sys.executable,
        "-m",
        "tests.bench.relay_bench",
        f"--store={store}",
        f"--rows={rows}",
        "--json",
    ]
    done = subprocess.run(
        command, cwd=CHECKOUT, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
    )
    if done.returncode != 0:
        raise RelayFailed(done.stderr[-500:])
    told = json.loads(done.stdout)
    return told["rows_per_second"], told["cpu_us_per_row"]
