"""What every section of the bench is given: sizes, a genuine broker, a PostgreSQL server, time that is left.

A section is a module's object with a name, a title, the share of the time that is its own, its targets, and
`run`. Sections come one after the other; what one leaves of its time the next ones have.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from orestream.cli.embedded.cluster import PostgresCluster
from orestream.cli.embedded.node import KafkaNode
from orestream.cli.embedded.runtime import Runtime
from tests.bench.harness.figures import Figure
from tests.bench.harness.targets import Target

CHECKOUT = Path(__file__).resolve().parents[3]
# a measured broker has the heap for it and both compilers; `KafkaNode`'s own flags are for a quick start
_BROKER_FLAGS = ("-Xms512m", "-Xmx1g", "-XX:TieredStopAtLevel=4")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured. `budget_s` of None: no limit of time."""

    name: str
    records: int
    slow_records: int
    long_records: int
    repeats: int
    budget_s: float | None


QUICK = Sizes("quick", records=12_000, slow_records=500, long_records=40_000, repeats=1, budget_s=130)
DEFAULT = Sizes(
    "default", records=80_000, slow_records=3_000, long_records=300_000, repeats=3, budget_s=1_140
)
FULL = Sizes("full", records=1_000_000, slow_records=20_000, long_records=1_000_000, repeats=1, budget_s=None)


@dataclass(slots=True)
class Bench:
    """The surroundings of one run of the bench. Figures may differ between machines; nothing here asserts."""

    sizes: Sizes
    directory: Path
    runtime: Runtime
    broker: KafkaNode
    postgres: PostgresCluster
    progress: Callable[[str], None]
    deadline: float | None = None
    only_systems: Sequence[str] = ()
    remarks: list[str] = field(default_factory=list)

    def left_s(self) -> float:
        """Seconds this section still has."""
        return float("inf") if self.deadline is None else self.deadline - time.monotonic()

    def wants(self, system: str) -> bool:
        """Whether this system is to be measured (`--system`)."""
        return not self.only_systems or any(one.lower() in system.lower() for one in self.only_systems)

    def remark(self, text: str) -> None:
        """Say something about the run as a whole that its readers must know."""
        self.progress(text)
        self.remarks.append(text)

    @contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """A directory below the bench's own, gone afterwards."""
        directory = self.directory / name
        directory.mkdir(parents=True)
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)


class Section(Protocol):
    """A part of the bench."""

    @property
    def name(self) -> str:
        """One word, as `--only` takes it."""

    @property
    def title(self) -> str:
        """The heading of its table."""

    @property
    def share(self) -> float:
        """Its part of the whole time, 0 to 1."""

    @property
    def targets(self) -> Sequence[Target]:
        """What was promised; judged over the figures of all sections."""

    async def run(self, bench: Bench) -> Sequence[Figure]:
        """Measure within `bench.left_s()`; drop later repeats rather than overrun, and say so."""


@contextmanager
def surroundings(
    sizes: Sizes, runtime: Runtime, keep_logs: Path, progress: Callable[[str], None]
) -> Iterator[Bench]:
    """Start broker and database in a temporary directory; keep their logs, and nothing else, afterwards."""
    with tempfile.TemporaryDirectory(prefix="orestream-bench-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        broker = KafkaNode(directory / "kafka", runtime, settings=_broker_settings(), flags=_BROKER_FLAGS)
        postgres = PostgresCluster(directory / "postgres")
        try:
            broker.start()
            postgres.start()
            yield Bench(sizes, directory, runtime, broker, postgres, progress)
        finally:
            postgres.stop()
            broker.stop()
            for log in (broker.log, postgres.log):
                if log.exists():
                    shutil.copy(log, keep_logs / log.name)


def _broker_settings() -> Mapping[str, str]:
    """Deleted topics give their disk back at once; a filled topic may wait long in its transaction."""
    return {
        "log.segment.delete.delay.ms": "1000",
        "transaction.max.timeout.ms": "3600000",
        "log.cleaner.dedupe.buffer.size": "134217728",
    }
