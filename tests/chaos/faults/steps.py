"""Faults at a named step of a message's way."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass, field

from orestream.chassis.steps import Step
from tests.chaos.faults.brokers import node_of
from tests.chaos.faults.fault import Planned
from tests.chaos.faults.processes import chosen
from tests.chaos.world.brokers import Node
from tests.chaos.world.member import Member
from tests.chaos.world.world import World

OF_THE_INTAKE = (Step.FETCHED, Step.BEFORE_COMMIT, Step.COMMITTED)
PATIENCE_S = 10.0
_LOOK_S = 0.05


@dataclass(slots=True)
class AtStep:
    """A replica meets `action` at a step: the one that relays, for a step of the relay.

    Attributes:
        action: `kill`, `stop`, `sleep` or `lose`, see the launcher.
        victim: whom it kills; by default itself.
    """

    planned: Planned
    step: Step
    action: str
    victim: int | None = None
    _member: Member | None = field(default=None, init=False)
    _pid: int | None = field(default=None, init=False)

    async def inject(self, world: World) -> str:
        deadline = time.monotonic() + PATIENCE_S
        while (member := await self._chosen(world)) is None or not member.obeyed():
            if time.monotonic() > deadline:
                return "nobody was there, or another order was still to be obeyed"
            await asyncio.sleep(_LOOK_S)
        self._pid = member.pid
        more = {} if self.victim is None else {"pid": self.victim}
        member.order(self.step, self.action, skip=self.planned.number % 3, seconds=self.planned.lasts, **more)
        deadline = time.monotonic() + PATIENCE_S
        while not member.obeyed():
            if time.monotonic() > deadline and member.take_back():
                return f"{member.name} did not come there"
            await asyncio.sleep(_LOOK_S)
        self._member = member
        return member.name

    async def heal(self, world: World) -> None:
        if self._member is not None and self.action == "stop" and self._member.pid == self._pid:
            self._member.signal(signal.SIGCONT)

    async def _chosen(self, world: World) -> Member | None:
        if self.step in OF_THE_INTAKE:
            return chosen(world, self.planned)
        return await world.relay_of(self.planned.service)


@dataclass(slots=True)
class KillBrokerAtEnd:
    """kill -9 of a broker in the moment in which a relay has its answer to EndTxn.

    The markers that make the records visible are not written yet, and a lone broker may forget them.
    """

    planned: Planned
    _node: Node | None = field(default=None, init=False)

    async def inject(self, world: World) -> str:
        self._node = node_of(world, self.planned)
        by = AtStep(self.planned, Step.ENDED, "kill", self._node.pid)
        return f"{self._node.name}, by {await by.inject(world)}"

    async def heal(self, world: World) -> None:
        assert self._node is not None
        await asyncio.to_thread(world.brokers.restart, self._node)


@dataclass(slots=True)
class ClockJump:
    """A replica's wall clock jumps by an hour, forward or back, and back again when it is healed."""

    planned: Planned
    _name: str | None = field(default=None, init=False)

    async def inject(self, world: World) -> str:
        member = chosen(world, self.planned)
        if member is None or not member.obeyed():
            return "nobody was there, or another order was still to be obeyed"
        self._name = member.name
        seconds = 3600 if self.planned.number % 2 else -3600
        member.order(Step.FETCHED, "clock", seconds=seconds)
        deadline = time.monotonic() + PATIENCE_S
        while not member.obeyed():
            if time.monotonic() > deadline:
                return f"{member.name} did not come there"
            await asyncio.sleep(_LOOK_S)
        return f"{member.name} by {seconds} s"

    async def heal(self, world: World) -> None:
        """An order that was not obeyed yet need not be; another process than that one is right already."""
        if self._name is not None and not world.members[self._name].take_back():
            world.members[self._name].order(Step.FETCHED, "clock", seconds=0)
