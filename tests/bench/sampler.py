"""Where the CPU time of a process goes, by stage: a sampling profiler that knows the chassis.

The kernel sends SIGPROF after every few milliseconds of CPU time that the process has used; each signal
counts for the stage of the innermost frame that belongs to one. What is spent in other threads (SQLite's)
counts for the stage that waits for them.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

INTERVAL_S = 0.002

_RULES: Sequence[tuple[str, str, str]] = (
    # (end or part of a file's path, function or *, stage); the first that fits a frame
    ("contracts/message.py", "read", "decode and validate"),
    ("contracts/message.py", "write", "facts, answers and their records"),
    ("chassis/intake/inbound.py", "*", "decode and validate"),
    ("contracts/wire.py", "read_envelope", "decode and validate"),
    ("contracts/wire.py", "read_value", "decode and validate"),
    ("contracts/registry.py", "decode", "decode and validate"),
    ("bench/handler.py", "decode", "decode and validate"),
    ("bench/handler.py", "*", "decide and evolve"),
    ("bench/events.py", "*", "decide and evolve"),
    ("/domain/", "*", "decide and evolve"),
    ("orestream/lots/", "*", "decide and evolve"),
    ("chassis/intake/judge.py", "*", "decide and evolve"),
    ("chassis/intake/view.py", "*", "decide and evolve"),
    ("chassis/intake/decide.py", "*", "decide and evolve"),
    ("chassis/intake/writer.py", "*", "facts, answers and their records"),
    ("chassis/intake/answers.py", "*", "facts, answers and their records"),
    ("chassis/intake/states.py", "*", "states to JSON and back"),
    ("chassis/relay/", "*", "relay"),
    ("chassis/kafka/producer.py", "*", "relay"),
    ("aiokafka/producer/", "*", "relay"),
    ("aiokafka/consumer/", "*", "consumer"),
    ("aiokafka/record/", "*", "consumer"),
    ("chassis/kafka/", "*", "consumer"),
    ("chassis/store/outbox.py", "after", "relay"),
    ("chassis/store/outbox.py", "prune", "relay"),
    ("chassis/store/outbox.py", "append", "store"),
    ("chassis/intake/commit.py", "*", "store"),
    ("chassis/store/", "*", "store"),
    ("asyncpg/", "*", "store"),
    ("aiosqlite/", "*", "store"),
    ("chassis/intake/", "*", "intake"),
    ("chassis/telling.py", "*", "intake"),
    ("aiokafka/", "*", "Kafka connections"),
    ("faststream/", "*", "consumer"),
    ("asyncio/", "*", "event loop"),
)


@dataclass
class Samples:
    """CPU time by stage, and by file and function of the innermost frame."""

    stages: Counter[str] = field(default_factory=Counter)
    places: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: float = 0.0
    """CPU time of the process while it was sampled, by which counts become times."""
    _known: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def note(self, _signal: int, frame: FrameType | None) -> None:
        """One sample."""
        innermost = True
        while frame is not None:
            code = frame.f_code
            place = code.co_filename, code.co_name
            if place not in self._known:
                self._known[place] = _stage(*place)
            stage = self._known[place]
            if stage is not None:
                self.stages[stage] += 1
                self.places[place if innermost else (place[0], f"{place[1]} and below")] += 1
                return
            innermost = False
            frame = frame.f_back
        self.stages["rest"] += 1

    def table(self, records: int) -> list[tuple[str, float]]:
        """(stage, µs of CPU time per record), the dearest first."""
        total = sum(self.stages.values())
        each = self.seconds / total / records * 1e6 if total else 0.0
        return [(stage, count * each) for stage, count in self.stages.most_common()]

    def dearest(self, records: int, count: int) -> list[tuple[str, float]]:
        """(function, µs of CPU time per record) of the dearest functions."""
        total = sum(self.places.values())
        each = self.seconds / total / records * 1e6 if total else 0.0
        return [
            (f"{'/'.join(path.split('/')[-2:])}:{name}", samples * each)
            for (path, name), samples in self.places.most_common(count)
        ]


@contextmanager
def sampled() -> Iterator[Samples]:
    """Sample this process; only in the main thread."""
    samples = Samples()
    before = signal.signal(signal.SIGPROF, samples.note)
    started = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)
    try:
        yield samples
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        samples.seconds = time.process_time() - started
        signal.signal(signal.SIGPROF, before)


def _stage(path: str, name: str) -> str | None:
    for part, function, stage in _RULES:
        if part in path and function in ("*", name):
            return stage
    return None
