"""What processes use: CPU seconds and resident memory of a process with everything it has started."""

from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from tests.bench.harness.aside import Aside

_EVERY_S = 0.25
_MB = 1 << 20


def family(pids: Sequence[int]) -> list[psutil.Process]:
    """The living processes of these ids and all their descendants."""
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        try:
            root = psutil.Process(pid)
            found |= {one.pid: one for one in (root, *root.children(recursive=True))}
        except psutil.NoSuchProcess:
            continue
    return list(found.values())


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of the families, ended children that were waited for included."""
    return sum(_cpu(process) for process in family(pids))


def resident_mb(pids: Sequence[int]) -> float:
    """Resident memory of the families; pages they share are counted for each."""
    return sum(_resident(process) for process in family(pids)) / _MB


def _cpu(process: psutil.Process) -> float:
    """The children's part covers only those that have ended; a process that ends meanwhile counts zero."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


@dataclass(frozen=True, slots=True)
class Processes:
    """Whose CPU time is told apart."""

    application: tuple[int, ...]
    database: tuple[int, ...]
    broker: tuple[int, ...]

    def cpu(self) -> tuple[float, float, float]:
        """CPU seconds so far of application, database and broker."""
        return cpu_seconds(self.application), cpu_seconds(self.database), cpu_seconds(self.broker)


@dataclass(slots=True)
class PeakMemory(Aside):
    """Watches the resident memory of process families while it is entered; `mb` is the highest sum seen."""

    pids: tuple[int, ...]
    mb: float = 0.0

    def work(self) -> None:
        while True:
            self.mb = max(self.mb, resident_mb(self.pids))
            if self.end.wait(_EVERY_S):
                return
