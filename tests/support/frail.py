"""A process that fails on demand: at each call it makes, it may fail, sleep, or die."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field


class Killed(BaseException):
    """The process is dead; nothing of it runs any more, no clean-up either."""


@dataclass
class Life:
    """One process from start to death. `plan`: (point, which visit to it) → what happens there."""

    name: str
    plan: dict[tuple[str, int], str] = field(default_factory=dict)
    visits: Counter[str] = field(default_factory=Counter)
    dead: bool = False

    def __post_init__(self) -> None:
        self.awake = asyncio.Event()
        self.awake.set()

    def doom(self, point: str, visit: int, fate: str) -> None:
        """At the visit to this point that comes so many visits from now."""
        self.plan[point, self.visits[point] + visit] = fate

    async def reach(self, point: str) -> str | None:
        """How a call ends that is made here: None where nothing happens to it. Raises Killed."""
        await asyncio.sleep(0)
        self.visits[point] += 1
        fate = self.plan.pop((point, self.visits[point]), None)
        if fate == "sleep":
            self.awake.clear()
        elif fate == "die":
            self.dead = True
        await self.awake.wait()
        if self.dead:
            raise Killed(self.name)
        return fate
