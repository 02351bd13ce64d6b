"""Section: how long subscribers see nothing new after a kill, in a rolling restart and at a start."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bench.events import OUTPUT, Feed
from tests.bench.fleet import HANDLER, Fleet, Replica
from tests.bench.harness.bench import Bench
from tests.bench.harness.figures import Figure
from tests.bench.harness.stage import KEYS, PARTITIONS
from tests.bench.harness.targets import Bound, Target
from tests.bench.harness.usage import resident_mb
from tests.bench.latency import cause, events
from tests.bench.services import SERVICES, within
from tests.bench.watching import Outgoing, Pacer, Watcher

NAME = "recovery"
TWO = "two processes, 200 records/s"
AFTER_KILL = "kill -9 of one that does not relay: until every partition goes on"
AFTER_RELAY = "kill -9 of the one that relays: until the first new visible record"
AFTER_BOTH = "kill -9 of the one that relays: until every partition goes on"
ROLLING = "rolling restart: longest pause of any partition"
STARTING = "start to ready"

_RATE = 200.0
_WARM_S, _WATCH_S, _REST_S = 3.0, 12.0, 4.0
_REPEATS = {"quick": 1, "default": 2, "full": 3}

_TARGETS: tuple[Target, ...] = (
    Bound("kill -9, every partition goes on within session time-out + 1 s", TWO, AFTER_BOTH, 7, " s"),
    Bound("kill -9 of the relay, new records within session time-out + 1 s", TWO, AFTER_RELAY, 7, " s"),
)


@dataclass(frozen=True, slots=True)
class Recovery:
    """The section; see `harness.bench.Section`."""

    name: str = NAME
    title: str = "After a kill, in a rolling restart, at a start"
    share: float = 0.11
    targets: Sequence[Target] = _TARGETS

    async def run(self, bench: Bench) -> Sequence[Figure]:
        """Two processes of the bench's handler under a steady load; then each service's start."""
        found: dict[str, list[float]] = {}
        with Fleet(bench, (HANDLER,)) as fleet:
            for _ in range(2):
                await asyncio.to_thread(fleet.start, HANDLER)
            with _Steady(fleet).running() as steady:
                for _ in within(bench, _REPEATS[bench.sizes.name]):
                    await self._disturb(bench, fleet, steady, found)
        figures = [Figure(NAME, TWO, metric, "s", tuple(values)) for metric, values in found.items()]
        return [*figures, *await asyncio.to_thread(_starts, bench)]

    async def _disturb(
        self, bench: Bench, fleet: Fleet, steady: _Steady, found: dict[str, list[float]]
    ) -> None:
        """One kill of each kind and one rolling restart, with rests between."""
        bench.progress("kill -9 of the one that relays")
        pauses = await asyncio.to_thread(steady.after_kill, await fleet.relaying(HANDLER))
        found.setdefault(AFTER_RELAY, []).append(min(pauses))
        found.setdefault(AFTER_BOTH, []).append(max(pauses))
        if bench.sizes.name == "quick":
            return
        bench.progress("kill -9 of one that does not relay")
        relaying = await fleet.relaying(HANDLER)
        other = next(one for one in fleet.replicas if one is not relaying)
        pauses = await asyncio.to_thread(steady.after_kill, other)
        found.setdefault(AFTER_KILL, []).append(max(pauses))
        bench.progress("rolling restart")
        found.setdefault(ROLLING, []).append(await asyncio.to_thread(steady.in_rolling_restart))


class _Steady:
    """A steady load through a fleet, and what its subscribers see of it."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._pacer = Pacer(fleet.bootstrap, _RATE)
        self._watcher = Watcher(fleet.bootstrap, (OUTPUT,), cause)
        self._partition: dict[str, int] = {}
        self._end = threading.Event()

    @contextmanager
    def running(self) -> Iterator[_Steady]:
        """The load flows while this is entered."""
        sender = threading.Thread(target=self._send, name="steady load", daemon=True)
        with self._watcher:
            sender.start()
            time.sleep(_WARM_S)
            try:
                yield self
            finally:
                self._end.set()
                sender.join()

    def after_kill(self, replica: Replica) -> list[float]:
        """Seconds from a kill -9 until a record sent after it is visible, of each partition; then heal."""
        killed_at = time.monotonic()
        self._fleet.kill(replica)
        time.sleep(_WATCH_S)
        self._fleet.start(HANDLER)
        time.sleep(_REST_S)
        first: dict[int, float] = {}
        for name, sent_at in list(self._pacer.sent.items()):
            arrived = self._watcher.arrived.get(name)
            if sent_at > killed_at and arrived is not None:
                partition = self._partition[name]
                first[partition] = min(first.get(partition, arrived), arrived)
        assert len(first) == PARTITIONS, f"only the partitions {sorted(first)} have gone on"
        return [at - killed_at for at in first.values()]

    def in_rolling_restart(self) -> float:
        """Replace each process by a new one, one after the other; the longest pause."""
        began = time.monotonic()
        for replica in tuple(self._fleet.replicas):
            self._fleet.stop(replica)
            self._fleet.start(HANDLER)
            time.sleep(_REST_S)
        arrived: dict[int, list[float]] = {}
        for name, at in list(self._watcher.arrived.items()):
            if at >= began:
                arrived.setdefault(self._partition[name], []).append(at)
        return max(_longest_pause(sorted(times)) for times in arrived.values())

    def _send(self) -> None:
        feed = Feed(KEYS, PARTITIONS)

        def endless() -> Iterator[Outgoing]:
            while True:
                for record in events(feed, 1_000):
                    self._partition[record.name] = record.partition
                    yield record

        self._pacer.send(endless(), self._end.is_set)


def _longest_pause(times: Sequence[float]) -> float:
    return max(later - earlier for earlier, later in itertools.pairwise(times))


def _starts(bench: Bench) -> list[Figure]:
    """Seconds from start to ready, and resident memory a moment later, of each service."""
    figures = []
    for repeat in range(1, _REPEATS[bench.sizes.name] + 1):
        bench.progress(f"start of each service, {repeat}")
        with Fleet(bench, SERVICES) as fleet:
            fleet.start_all()
            time.sleep(1.0)
            figures.append({one.service: (one.starting_s, resident_mb((one.pid,))) for one in fleet.replicas})
    return [
        Figure(
            NAME,
            service,
            STARTING,
            "s",
            tuple(found[service][0] for found in figures),
            memory_mb=max(found[service][1] for found in figures),
        )
        for service in SERVICES
    ]
