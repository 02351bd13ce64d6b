"""A database server that dies, and the replica that was behind it in its place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from orestream.chassis.store import migrate
from orestream.cli.embedded.cluster import PostgresCluster
from orestream.contracts.topics import SERVICES
from tests.chaos.faults.backup import HALTS_S, LOOK_S, NotHalted, NotRecovered, recover, start, stop
from tests.chaos.faults.fault import Planned
from tests.chaos.faults.lost import keep
from tests.chaos.faults.postgres import server
from tests.chaos.world.databases import rows_at
from tests.chaos.world.member import Member
from tests.chaos.world.world import HALTED, World

_LAGS_S = 4.0
_GROWS_S = 30.0
_NOTICED_S = 2.0
"""From the death of the server to the promotion: what was on its way to Kafka has arrived."""


@dataclass(slots=True)
class PromotedReplica:
    """The server is killed, and an asynchronous standby that lagged is promoted on its address.

    Every replica of a service of which more is visible than the promoted database knows has to halt with the
    documented exit code; the others go on. `orestream recover` then takes what is visible into it. Where a
    service has decided on the promoted history before it noticed, recovery refuses, and what is visible is
    taken into an empty database.
    """

    planned: Planned
    _members: list[Member] = field(default_factory=list, init=False)

    async def inject(self, world: World) -> str:
        self._members = world.wanted()
        databases = server(world)
        standby = await asyncio.to_thread(databases.make_standby)
        try:
            await standby.follow()
            await standby.fall_behind()
            known = {service: await standby.head(service) for service in SERVICES}
            await self._lag(world, known)
            world.may_halt.update(SERVICES)
            await asyncio.to_thread(databases.cluster.kill)
            await asyncio.sleep(_NOTICED_S)
            lost = {service for service in SERVICES if world.published(service) > known[service]}
            await standby.promote()
        except BaseException:
            await asyncio.to_thread(standby.cluster.kill)
            raise
        dead = databases.cluster
        await databases.become(standby.cluster)
        for proxy in world.postgres.values():
            proxy.lead_to(databases.address())
        halted = await self._halted(world, lost)
        ways = await self._all_recovered(world, sorted(halted), dead)
        behind = {service: world.published(service) - known[service] for service in lost}
        return f"all databases, behind by {behind}; {', '.join(ways) or 'nothing was lost'}"

    async def heal(self, world: World) -> None:
        if not server(world).cluster.running:
            await asyncio.to_thread(server(world).cluster.start)
        await start(self._members)
        world.may_halt.difference_update(SERVICES)

    async def _lag(self, world: World, known: dict[str, int]) -> None:
        """Some seconds of traffic, and at least one row of the planned service that the standby has not."""
        await asyncio.sleep(_LAGS_S)
        deadline = time.monotonic() + _GROWS_S
        while world.published(self.planned.service) <= known[self.planned.service]:
            if time.monotonic() > deadline:
                return
            await asyncio.sleep(LOOK_S)

    async def _halted(self, world: World, lost: Iterable[str]) -> set[str]:
        """The services that halted, the lost ones whole. Raises NotHalted."""
        deadline = time.monotonic() + HALTS_S
        due = [member for member in self._members if member.service in set(lost)]
        while any(member.ended() != HALTED for member in due):
            if time.monotonic() > deadline:
                ends = {member.name: member.ended() for member in due}
                raise NotHalted(f"on a promoted replica that lagged: {ends}")
            await asyncio.sleep(LOOK_S)
        return {member.service for member in self._members if member.ended() == HALTED}

    async def _all_recovered(self, world: World, halted: Sequence[str], dead: PostgresCluster) -> list[str]:
        """How they came back. The dead server is started once more, for what it alone had."""
        if not halted:
            return []
        await asyncio.to_thread(dead.start)
        try:
            ways = []
            for service in halted:
                ways.append(f"{service} {await self._recovered(world, service)}")
                url = dead.dsn(f"orestream_{service}", "postgresql")
                await keep(world, service, partial(rows_at, url))
            return ways
        finally:
            await asyncio.to_thread(dead.stop)

    async def _recovered(self, world: World, service: str) -> str:
        """How it came back. Raises NotRecovered."""
        await stop([member for member in self._members if member.service == service])
        if await asyncio.to_thread(recover, world, service):
            return "recovered"
        await server(world).empty(service)
        await migrate(world.databases.url(service))
        if not await asyncio.to_thread(recover, world, service):
            raise NotRecovered(f"an empty database of {service}")
        return "recovered into an empty database"
