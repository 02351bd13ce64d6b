"""An EndTxn that comes late into the transaction after it, whose relay then dies."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass, field

from orestream.chassis.steps import Step
from tests.chaos.faults.fault import Planned
from tests.chaos.faults.steps import PATIENCE_S
from tests.chaos.proxy.passage import Fate, Passage
from tests.chaos.world.member import Member
from tests.chaos.world.world import World

_UNTIL_NEXT_S = 20.0
"""An answer is awaited for 5 s; a new producer and its first transaction come after that."""
_HALF_WAY_S = 5.0
_ON_ITS_WAY_S = 0.7
"""For what was sent to be there."""
_LOOK_S = 0.05


@dataclass(slots=True)
class LateEndThenKill:
    """The end of one Kafka transaction is held back until the next one has its rows, and not its cursor.

    Were it taken for the end of that one, its rows would be visible without a cursor, and the relay
    after the killed one would send them again.
    """

    planned: Planned
    _held: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _through: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    async def inject(self, world: World) -> str:
        self._put_rule(world)
        try:
            await asyncio.wait_for(self._held.wait(), PATIENCE_S)
        except TimeoutError:
            return "nothing was published"
        member = await world.relay_of(self.planned.service)
        if member is None or not member.obeyed():
            return "nobody was there, or another order was still to be obeyed"
        half_way = await self._half_way(member)
        await asyncio.sleep(_ON_ITS_WAY_S)
        self._through.set()
        await asyncio.sleep(_ON_ITS_WAY_S)
        member.signal(signal.SIGKILL)
        return f"{member.name} {'half way' if half_way else 'idle'}"

    async def heal(self, world: World) -> None:
        """The line is as it was; the relay is started again by itself."""
        self._through.set()
        for proxy in world.kafka[self.planned.service]:
            proxy.rules[:] = [rule for rule in proxy.rules if rule != self._rule]

    def _put_rule(self, world: World) -> None:
        for proxy in world.kafka[self.planned.service]:
            proxy.rules.append(self._rule)

    async def _rule(self, passage: Passage) -> Fate:
        if passage.what == "end-txn" and not passage.answer and not self._held.is_set():
            self._held.set()
            await self._through.wait()
        return Fate.PASS

    async def _half_way(self, member: Member) -> bool:
        """Keep the relay where its rows are sent, its cursor not; False where it does not come there."""
        loop = asyncio.get_running_loop()
        member.order(Step.PRODUCED, "sleep", seconds=_HALF_WAY_S)
        deadline = loop.time() + _UNTIL_NEXT_S
        while not member.obeyed():
            if loop.time() > deadline and member.take_back():
                return False
            await asyncio.sleep(_LOOK_S)
        return True
