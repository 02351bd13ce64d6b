"""Repeats in rounds: every system once, then every system again, so that drift hits all alike."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from confluent_kafka import KafkaException

from orestream.cli.embedded.errors import EmbeddedError
from tests.bench.harness.bench import Bench
from tests.bench.harness.figures import Figure, middle_cost
from tests.bench.harness.pipeline import Run, System, run_once
from tests.bench.harness.stage import PARTITIONS, Master, NotMeasured

RATE = "records per second"
_FIRST_GUESS_S = 15.0
_KEPT_OF_A_FAILURE = 300
_WARM_UP_PART = 5
_FAILURES = (NotMeasured, KafkaException, EmbeddedError)


@dataclass(slots=True)
class Series:
    """The runs of one system so far."""

    system: System
    records: int
    runs: list[Run] = field(default_factory=list)
    took_s: float = _FIRST_GUESS_S
    failure: str = ""
    dropped: int = 0

    def figure(self, section: str) -> Figure:
        """The system's row."""
        notes = [f"{self.records:,} records a run", self.system.note]
        if self.dropped:
            notes.append(f"{self.dropped} repeats dropped for want of time")
        if self.failure:
            notes.append(
                f"not measured: {self.failure}" if not self.runs else f"a run failed: {self.failure}"
            )
        return Figure(
            section,
            self.system.name,
            RATE,
            "records/s",
            tuple(run.rate for run in self.runs),
            middle_cost([run.cost for run in self.runs]) if self.runs else None,
            median(run.memory_mb for run in self.runs) if self.runs else None,
            self.system.guarantee,
            "; ".join(note for note in notes if note),
        )


async def rounds(bench: Bench, section: str, systems: Sequence[System]) -> list[Figure]:
    """Measure all systems, as often as the sizes say and the time allows; can be interrupted between runs."""
    all_series = [Series(system, _records(bench, system)) for system in systems if bench.wants(system.name)]
    there = [one for one in all_series if not _missing(one)]
    if there:
        master = Master(bench.broker.bootstrap)
        bench.progress("making the input records")
        master.fill(max(one.records for one in there))
        _warm_up(bench, master, there[0])
    for number in range(1, bench.sizes.repeats + 1):
        for one in there:
            _measure_again(bench, master, one, f"{number}/{bench.sizes.repeats}")
            await asyncio.sleep(0)
    return [one.figure(section) for one in all_series]


def _missing(one: Series) -> bool:
    one.failure = one.system.missing() or ""
    return bool(one.failure)


def _records(bench: Bench, system: System) -> int:
    """As many as the system's pace has, the same in each partition."""
    sizes = bench.sizes
    wanted = {"slow": sizes.slow_records, "fast": sizes.records, "long": sizes.long_records}[system.pace]
    return max(wanted // PARTITIONS, 1) * PARTITIONS


def _warm_up(bench: Bench, master: Master, one: Series) -> None:
    """A run that is not counted: the broker's Java has compiled by then what every system asks of it."""
    records = max(one.records // _WARM_UP_PART // PARTITIONS, 1) * PARTITIONS
    try:
        run_once(bench, master, one.system, records)
    except _FAILURES as failure:
        bench.progress(f"  the run for warming up failed: {failure}")


def _measure_again(bench: Bench, master: Master, one: Series, which: str) -> None:
    """Measure once more; a system that fails the first time is not tried again, and the others go on."""
    if bench.left_s() < one.took_s or (one.failure and not one.runs):
        one.dropped += not one.failure
        return
    began = time.monotonic()
    try:
        run = run_once(bench, master, one.system, one.records)
    except _FAILURES as failure:
        one.failure = " ".join(str(failure).split())[-_KEPT_OF_A_FAILURE:]
        bench.progress(f"  {which} {one.system.name}: {failure}")
    else:
        one.runs.append(run)
        one.took_s = time.monotonic() - began
        bench.progress(
            f"  {which} {one.system.name}: {run.rate:,.0f} records/s, "
            f"{run.cost.application:.1f} CPU s per 100k, {run.memory_mb:.0f} MB ({one.took_s:.0f} s)"
        )
