"""What one chaos run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Store = Literal["postgres", "sqlite"]


@dataclass(frozen=True, slots=True)
class Options:
    """One run.

    Attributes:
        replicas: processes of each service; SQLite allows one.
        only: names of the faults to choose from; empty: all that fit.
        mutant: break the chassis in this way, to see whether the run notices.
    """

    seed: int
    minutes: float = 3.0
    rate: float = 30.0
    store: Store = "postgres"
    nodes: int = 1
    replicas: int = 2
    only: tuple[str, ...] = ()
    mutant: str | None = None
    out: Path = Path("build/chaos")

    def command(self) -> str:
        """The command line that repeats this run."""
        parts = [f"python -m tests.chaos --seed {self.seed} --minutes {self.minutes:g} --rate {self.rate:g}"]
        parts.append(f"--store {self.store} --nodes {self.nodes} --replicas {self.replicas}")
        parts += [f"--only {','.join(self.only)}"] if self.only else []
        parts += [f"--mutant {self.mutant}"] if self.mutant else []
        return " ".join(parts)

    @property
    def directory(self) -> Path:
        """Where everything of this run is written."""
        return self.out / str(self.seed)
