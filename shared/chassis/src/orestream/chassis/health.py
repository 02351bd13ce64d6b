"""Whether a service lives and is ready: progress where there is work, not answers to pings."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

Clock = Callable[[], float]


class Progress:
    """How long one part has had work without getting on with it. Times are seconds."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._since: float | None = None

    def busy(self) -> None:
        """There is work; what was waiting before still counts from then."""
        if self._since is None:
            self._since = self._clock()

    def moved(self) -> None:
        """A piece of work is done; if there is more, `busy` says so again."""
        self._since = None

    @property
    def stalled(self) -> float:
        """Seconds since there was work and nothing moved; 0 where nothing waits."""
        return 0.0 if self._since is None else self._clock() - self._since


@dataclass(slots=True)
class Health:
    """What the probes answer from."""

    limit: timedelta
    parts: dict[str, Progress] = field(default_factory=dict)
    """`intake`, `database`, `relay`: what must get on when it has work."""
    conditions: dict[str, Callable[[], bool]] = field(default_factory=dict)
    """What must hold for the service to count as ready."""

    def part(self, name: str) -> Progress:
        """The progress of a part, which is watched from now on."""
        return self.parts.setdefault(name, Progress())

    def expect(self, name: str, holds: Callable[[], bool] = lambda: False) -> None:
        """A condition, and how to see whether it holds."""
        self.conditions[name] = holds

    def says(self, name: str, *, holds: bool) -> None:
        """A condition holds from now on, or does not."""
        self.conditions[name] = lambda: holds

    def stuck(self) -> dict[str, float]:
        """Parts that have had work for longer than the limit without progress, with the seconds."""
        limit = self.limit.total_seconds()
        return {name: part.stalled for name, part in self.parts.items() if part.stalled > limit}

    def missing(self) -> tuple[str, ...]:
        """Conditions that do not hold."""
        return tuple(name for name, holds in self.conditions.items() if not holds())
