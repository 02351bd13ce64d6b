"""Section: records per second through one service, beside its peers, and what exactly-once costs.

All systems are measured in turns in one section, so that every ratio is between figures of the same hour.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench import chassis_bench, peers_bench
from tests.bench.chassis_bench import GUARANTEE, POSTGRES_1, POSTGRES_2, SQLITE_1
from tests.bench.harness.bench import Bench
from tests.bench.harness.figures import Figure, find
from tests.bench.harness.pipeline import System
from tests.bench.harness.rounds import RATE, rounds
from tests.bench.harness.targets import AtLeastTimes, Bound, Target, application_cpu, memory
from tests.bench.peers_bench import FASTSTREAM, KAFKA_STREAMS

NAME = "throughput"
PLAIN = "orestream, PostgreSQL, 1 process, no Kafka transactions"
COST = "cost of exactly-once"

_FIRST = (POSTGRES_1, FASTSTREAM, KAFKA_STREAMS, POSTGRES_2)

_TARGETS: tuple[Target, ...] = (
    AtLeastTimes("one process ≥ 40 × FastStream + SQLAlchemy", POSTGRES_1, FASTSTREAM, RATE, 40),
    AtLeastTimes("one process ≥ 0.5 × Kafka Streams, 1 thread", POSTGRES_1, KAFKA_STREAMS, RATE, 0.5),
    AtLeastTimes("two processes ≥ 0.65 × Kafka Streams, 1 thread", POSTGRES_2, KAFKA_STREAMS, RATE, 0.65),
    Bound("CPU of the application ≤ 4 s per 100k", POSTGRES_1, RATE, 4, " s", application_cpu),
    Bound("CPU of the application with SQLite ≤ 4 s per 100k", SQLITE_1, RATE, 4, " s", application_cpu),
    Bound("resident memory under load ≤ 150 MB", POSTGRES_1, RATE, 150, " MB", memory),
    Bound("exactly-once costs ≤ 10 %", POSTGRES_1, COST, 10, " %"),
)


@dataclass(frozen=True, slots=True)
class Throughput:
    """The section; see `harness.bench.Section`."""

    name: str = NAME
    title: str = "Records through one service, beside its peers"
    share: float = 0.43
    targets: Sequence[Target] = _TARGETS

    async def run(self, bench: Bench) -> Sequence[Figure]:
        """Measure every system in turns."""
        systems = (
            *chassis_bench.systems(),
            chassis_bench.without_transactions(PLAIN),
            *peers_bench.systems(),
        )
        bench.remark(f"the peers' versions: {peers_bench.versions()}; Kafka Streams 4.3.1")
        figures = await rounds(bench, NAME, sorted(systems, key=_turn))
        return [*figures, exactly_once_cost(figures)]


def _turn(system: System) -> int:
    """Whom the targets speak of comes first: when time is short it is the last that are dropped."""
    return _FIRST.index(system.name) if system.name in _FIRST else len(_FIRST)


def exactly_once_cost(figures: Sequence[Figure]) -> Figure:
    """How much of the throughput the Kafka transactions take, in percent, repeat by repeat."""
    plain, whole = find(figures, PLAIN, RATE), find(figures, POSTGRES_1, RATE)
    values: tuple[float, ...] = ()
    if plain is not None and whole is not None:
        pairs = zip(plain.values, whole.values, strict=False)
        values = tuple(100 * (1 - with_them / without) for without, with_them in pairs)
    note = "1 − rate / rate without Kafka transactions, PostgreSQL, 1 process"
    return Figure(NAME, POSTGRES_1, COST, "%", values, guarantee=GUARANTEE, note=note)
