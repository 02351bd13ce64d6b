"""Faults on the line between a service and a server, done by its proxies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.chaos.faults.fault import Planned
from tests.chaos.proxy.passage import Fate, Passage, Rule
from tests.chaos.proxy.proxy import Proxy
from tests.chaos.world.world import World

HELD_BACK_S = 8.0
"""Beyond the time in which an answer is awaited (5 s)."""
_DELAY_S = 0.25
_SLOW_ANSWER_S = 1.0
_SELDOM, _OFTEN = 0.03, 0.3

MakeRule = Callable[[Random], Rule]


@dataclass(slots=True)
class OnTheLine:
    """A rule at every proxy of a service, towards Kafka or towards the database."""

    planned: Planned
    make_rule: MakeRule
    towards: str
    _rule: Rule | None = field(default=None, init=False)

    async def inject(self, world: World) -> str:
        self._rule = self.make_rule(Random(self.planned.number))
        for proxy in self._proxies(world):
            proxy.rules.append(self._rule)
        return f"{self.planned.service} to {self.towards}"

    async def heal(self, world: World) -> None:
        """Lines that were lost break, as they would when the network is there again."""
        for proxy in self._proxies(world):
            if self._rule in proxy.rules:
                proxy.rules.remove(self._rule)
            proxy.cut_lost()

    def _proxies(self, world: World) -> list[Proxy]:
        if self.towards == "kafka":
            return world.kafka[self.planned.service]
        prefix = f"{self.planned.service}-"
        return [proxy for name, proxy in world.postgres.items() if name.startswith(prefix)]


def slow(random: Random) -> Rule:
    """Every request and every answer takes longer."""

    async def rule(_: Passage) -> Fate:
        await asyncio.sleep(random.uniform(0, _DELAY_S))
        return Fate.PASS

    return rule


def cut(random: Random) -> Rule:
    """Connections break, at requests and at answers."""

    async def rule(_: Passage) -> Fate:
        return Fate.CUT if random.random() < _SELDOM else Fate.PASS

    return rule


def lose_requests(random: Random) -> Rule:
    """Requests do not arrive, and the line stays silent."""

    async def rule(passage: Passage) -> Fate:
        return Fate.LOSE if not passage.answer and random.random() < _SELDOM else Fate.PASS

    return rule


def lose_answers(random: Random) -> Rule:
    """What was asked is done, and nobody hears of it; answers to what the relay asks more often."""

    async def rule(passage: Passage) -> Fate:
        share = _OFTEN if passage.what in ("produce", "end-txn", "init-producer-id") else _SELDOM / 3
        return Fate.LOSE if passage.answer and random.random() < share else Fate.PASS

    return rule


def double_requests(random: Random) -> Rule:
    """Requests arrive twice."""

    async def rule(passage: Passage) -> Fate:
        return Fate.TWICE if not passage.answer and random.random() < _OFTEN else Fate.PASS

    return rule


def double_answers(random: Random) -> Rule:
    """Answers arrive twice: the second meets a client that waits for another one, or for none."""

    async def rule(passage: Passage) -> Fate:
        return Fate.TWICE if passage.answer and random.random() < _SELDOM else Fate.PASS

    return rule


def lose_commit_answers(random: Random) -> Rule:
    """The database has committed, and the connection breaks before it can say so."""

    async def rule(passage: Passage) -> Fate:
        lost = passage.what == "commit" and passage.answer and random.random() < _OFTEN
        return Fate.CUT if lost else Fate.PASS

    return rule


def hold_end_back(_: Random) -> Rule:
    """The end of one Kafka transaction arrives when it is not awaited any more.

    Until then answers to what is produced come slowly, so that the late copy would meet a transaction that is
    open, its records written and its cursor not.
    """
    held = False
    through = asyncio.Event()

    async def rule(passage: Passage) -> Fate:
        nonlocal held
        if passage.what == "end-txn" and not passage.answer and not held:
            held = True
            await asyncio.sleep(HELD_BACK_S)
            through.set()
        elif passage.what == "produce" and passage.answer and held and not through.is_set():
            await asyncio.sleep(_SLOW_ANSWER_S)
        return Fate.PASS

    return rule
