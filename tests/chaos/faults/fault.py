"""What a fault is to the run: something that can be done to a world, and undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tests.chaos.world.world import World


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault of a plan: everything about it that is decided beforehand."""

    at: float
    """Seconds after the beginning."""
    lasts: float
    """Seconds from injecting to healing."""
    fault: str
    service: str
    number: int
    """Picks the replica, the broker or the connection among those there are at that time."""

    @property
    def until(self) -> float:
        """When it is healed."""
        return self.at + self.lasts


class Fault(Protocol):
    """A thing that goes wrong."""

    async def inject(self, world: World) -> str:
        """Make it go wrong; returns at whom, and what came of it."""

    async def heal(self, world: World) -> None:
        """Put it right; what mends itself needs nothing."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault by name, and where it may be used.

    Attributes:
        lasts: shortest and longest time in seconds.
        needs: what the run must have: `postgres`, `three nodes`, `replicas`.
        alone: nothing else may go wrong meanwhile, and what comes after waits for it.
        late: at most once in a mixed run, at its end.
    """

    name: str
    make: Callable[[Planned], Fault]
    lasts: tuple[float, float] = (0.0, 0.0)
    needs: frozenset[str] = frozenset()
    alone: bool = False
    late: bool = False
