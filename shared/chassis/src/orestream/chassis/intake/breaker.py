"""Tells one bad fact from a world that fails."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from orestream.chassis.intake.setup import BreakerLimits
from orestream.chassis.records import Fetched


class Tripped(Exception):
    """Too many facts fail: park none of them, stop.

    Attributes:
        record: the one that was one too many.
    """

    def __init__(self, many: str, record: Fetched, why: str) -> None:
        super().__init__(f"{many}, the last one: {record.at}: {why}")
        self.record = record


class Breaker:
    """Watches facts pass and fail, over the commits of one process."""

    def __init__(self, limits: BreakerLimits) -> None:
        self._limits = limits
        self._recent: deque[bool] = deque(maxlen=limits.window)
        self._run = 0

    def attempt(self) -> Attempted:
        """A copy for one transaction, which counts only if that commits."""
        return Attempted(self._limits, self._recent, self._run)

    def reset(self) -> None:
        """Count anew: an operator who closes the breaker has looked at what failed until then."""
        self._recent.clear()
        self._run = 0

    def settle(self, attempted: Attempted) -> None:
        """The transaction is committed."""
        self._recent.extend(attempted.added)
        self._run = attempted.run


class Attempted:
    """What one transaction adds."""

    def __init__(self, limits: BreakerLimits, recent: Iterable[bool], run: int) -> None:
        self._limits = limits
        self._recent = deque(recent, maxlen=limits.window)
        self.run = run
        self.added: list[bool] = []

    def passed(self) -> None:
        """A fact was decided."""
        self._add(failed=False)
        self.run = 0

    def failed(self, record: Fetched, why: str) -> None:
        """A fact is about to be parked.

        Raises:
            Tripped: it is one too many.
        """
        self._add(failed=True)
        self.run += 1
        if self.run >= self._limits.run:
            raise Tripped(f"{self.run} facts in a row failed", record, why)
        failed = sum(self._recent)
        if len(self._recent) == self._limits.window and failed >= self._limits.ratio * self._limits.window:
            raise Tripped(f"{failed} of the last {self._limits.window} facts failed", record, why)

    def _add(self, *, failed: bool) -> None:
        self._recent.append(failed)
        self.added.append(failed)
