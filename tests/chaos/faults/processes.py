"""Faults of whole processes: killed, frozen, ended in order."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass, field

from tests.chaos.faults.fault import Planned
from tests.chaos.world.member import Member
from tests.chaos.world.world import World


def chosen(world: World, planned: Planned) -> Member | None:
    """The replica that a plan's number picks among those that run now."""
    there = [member for member in world.replicas(planned.service) if member.pid is not None]
    return there[planned.number % len(there)] if there else None


@dataclass(slots=True)
class Kill:
    """kill -9 of a replica; it is started again at once."""

    planned: Planned

    async def inject(self, world: World) -> str:
        return _killed(chosen(world, self.planned))

    async def heal(self, world: World) -> None:
        """It is started again by itself."""


@dataclass(slots=True)
class KillRelay:
    """kill -9 of the replica that relays."""

    planned: Planned

    async def inject(self, world: World) -> str:
        return _killed(await world.relay_of(self.planned.service) or chosen(world, self.planned))

    async def heal(self, world: World) -> None:
        """It is started again by itself."""


@dataclass(slots=True)
class Freeze:
    """SIGSTOP of a replica, for longer than session, lease and transaction last."""

    planned: Planned
    relay: bool = False
    _pid: int | None = field(default=None, init=False)
    _member: Member | None = field(default=None, init=False)

    async def inject(self, world: World) -> str:
        holder = await world.relay_of(self.planned.service) if self.relay else None
        self._member = holder or chosen(world, self.planned)
        if self._member is None:
            return "nobody was there"
        self._pid = self._member.pid
        self._member.signal(signal.SIGSTOP)
        return self._member.name

    async def heal(self, world: World) -> None:
        if self._member is not None and self._member.pid == self._pid:
            self._member.signal(signal.SIGCONT)


@dataclass(slots=True)
class Terminate:
    """SIGTERM of a replica; it has to end with 0, and is started again."""

    planned: Planned

    async def inject(self, world: World) -> str:
        member = chosen(world, self.planned)
        if member is None:
            return "nobody was there"
        member.signal(signal.SIGTERM)
        return member.name

    async def heal(self, world: World) -> None:
        """It is started again by itself."""


@dataclass(slots=True)
class Rolling:
    """Every replica of every service is ended in order and started again, one after the other."""

    planned: Planned

    async def inject(self, world: World) -> str:
        codes = []
        for member in world.wanted():
            codes.append(await asyncio.to_thread(member.stop))
            await asyncio.to_thread(member.start)
            await world.await_ready([member])
        return f"all, which ended with {sorted(set(codes))}"

    async def heal(self, world: World) -> None:
        """All are there again."""


@dataclass(slots=True)
class Scale:
    """One replica of a service becomes three, or three become one; healed to what the run began with."""

    planned: Planned

    async def inject(self, world: World) -> str:
        count = 1 if len(world.replicas(self.planned.service)) > 1 else 3
        await self._become(world, count)
        return f"{self.planned.service} becomes {count}"

    async def heal(self, world: World) -> None:
        await self._become(world, world.options.replicas)

    async def _become(self, world: World, count: int) -> None:
        mine = [member for member in world.members.values() if member.service == self.planned.service]
        for member in mine[:count]:
            await asyncio.to_thread(member.start)
        await asyncio.gather(*(asyncio.to_thread(member.stop) for member in mine[count:] if member.wanted))


def _killed(member: Member | None) -> str:
    if member is None:
        return "nobody was there"
    member.signal(signal.SIGKILL)
    return member.name
