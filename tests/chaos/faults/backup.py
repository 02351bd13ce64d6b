"""A database of the past in the place of the present one: the service has to halt instead of going on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.chaos.faults.fault import Planned
from tests.chaos.faults.lost import keep
from tests.chaos.world.databases import Unreadable
from tests.chaos.world.member import Member
from tests.chaos.world.world import HALTED, World

_GROWS_S = 30.0
HALTS_S = 90.0
_RECOVERED_S = 120.0
_REFUSED = 4
LOOK_S = 0.2


class NotHalted(Exception):
    """A replica went on with a history that is not the one that is visible."""


class NotRecovered(Exception):
    """`orestream recover` refused a database whose every row is visible."""


@dataclass(slots=True)
class RestoredBackup:
    """A backup is put in the place of a service's database after more has become visible than it knows.

    Every replica has to halt with the documented exit code. Then either the genuine database is put back, or
    `orestream recover` takes what is visible into the backup; they go on from there.
    """

    planned: Planned
    recover: bool = False
    _replicas: list[Member] = field(default_factory=list, init=False)
    _exchanged: bool = field(default=False, init=False)

    async def inject(self, world: World) -> str:
        service = self.planned.service
        self._replicas = world.replicas(service)
        await stop(self._replicas)
        await world.databases.back_up(service)
        known = await _head(world, service)
        await start(self._replicas)
        if not await self._grown(world, known):
            return f"{service} published nothing more"
        world.may_halt.add(service)
        await stop(self._replicas)
        await world.databases.exchange(service)
        self._exchanged = True
        await start(self._replicas)
        await self._all_halt()
        if self.recover:
            await stop(self._replicas)
            if not await asyncio.to_thread(recover, world, service):
                raise NotRecovered(f"the restored backup of {service}")
            await keep(world, service, partial(world.databases.copy_rows, service))
            self._exchanged = False
        return f"{service} halted with the rows after {known} missing"

    async def heal(self, world: World) -> None:
        await stop(self._replicas)
        if self._exchanged:
            await world.databases.exchange(self.planned.service)
        await start(self._replicas)
        world.may_halt.discard(self.planned.service)

    async def _grown(self, world: World, known: int) -> bool:
        """Whether more has become visible than the backup knows of."""
        deadline = time.monotonic() + _GROWS_S
        while world.published(self.planned.service) <= known:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(LOOK_S)
        return True

    async def _all_halt(self) -> None:
        """Raises NotHalted."""
        deadline = time.monotonic() + HALTS_S
        while any(member.ended() != HALTED for member in self._replicas):
            if time.monotonic() > deadline:
                ends = {member.name: member.ended() for member in self._replicas}
                raise NotHalted(f"on a restored backup: {ends}")
            await asyncio.sleep(LOOK_S)


def recover(world: World, service: str) -> bool:
    """As an operator would, past the proxies; False where the database is on a history of its own.

    Raises CalledProcessError where it fails in another way.
    """
    command = [str(Path(sys.executable).parent / "orestream"), "recover", service]
    command += ["--database", world.databases.url(service), "--bootstrap", world.brokers.bootstrap]
    environment = dict(world.members[f"{service}-1"].environment)
    with (world.directory / "recover.log").open("ab") as log:
        done = subprocess.run(
            command, env=environment, stdout=log, stderr=log, check=False, timeout=_RECOVERED_S
        )
    if done.returncode != _REFUSED:
        done.check_returncode()
    return done.returncode == 0


async def stop(replicas: list[Member]) -> None:
    """End them in order."""
    await asyncio.gather(*(asyncio.to_thread(member.stop) for member in replicas))


async def start(replicas: list[Member]) -> None:
    """Start those that do not run."""
    await asyncio.gather(*(asyncio.to_thread(member.start) for member in replicas))


async def _head(world: World, service: str) -> int:
    """The last row of its outbox; nothing else writes it now."""
    while True:
        try:
            rows = await world.databases.rows(service, "SELECT position FROM outbox_head")
        except Unreadable:
            await asyncio.sleep(LOOK_S)
        else:
            return int(rows[0][0]) if rows else 0
