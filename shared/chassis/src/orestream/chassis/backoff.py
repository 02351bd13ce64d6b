"""Waiting longer after each failure, at random within bounds, so that replicas do not come back in step."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Full jitter: anything up to a bound that doubles. Seconds."""

    first: float = 0.1
    longest: float = 5.0
    _bound: float = field(default=0.0, init=False)

    def next(self) -> float:
        """How long to wait now."""
        self._bound = min(self.longest, self._bound * 2 or self.first)
        return self._bound * random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret

    def reset(self) -> None:
        """It went well."""
        self._bound = 0.0
