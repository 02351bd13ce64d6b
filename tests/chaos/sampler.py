"""Looks at the run twice a second, past every fault: what is visible, how far each service is, its memory."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from orestream.contracts.topics import FACTS_READ, SERVICES, commands_topic
from tests.chaos.journal import Journal
from tests.chaos.reader import Reader
from tests.chaos.world.databases import Unreadable
from tests.chaos.world.world import SITE, World

EVERY_S = 0.5
CALM_S = 2.0
"""How long nothing may be left to do before the run counts as quiet."""


@dataclass(slots=True)
class Standing:
    """How far one service is, by its database and by what is visible."""

    lag: int
    outbox: int
    ready: int
    """Waiting commands whose turn it is."""

    @property
    def idle(self) -> bool:
        """Whether it has nothing left to do."""
        return self.lag == 0 and self.outbox == 0 and self.ready == 0


class Sampler:
    """Writes `samples.jsonl`, and knows whether the run is quiet.

    Attributes:
        standing: service → how far it was when its database answered last.
        quiet_at: since when all of them have nothing left to do; None while one has.
    """

    def __init__(self, world: World, reader: Reader, path: Path) -> None:
        self.standing: dict[str, Standing] = {}
        self.quiet_at: float | None = None
        self._world = world
        self._reader = reader
        self._journal = Journal(path)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """One sample of everything."""
        visible = self._reader.visible
        answered = [await self._service(service) for service in SERVICES]
        for member in self._world.wanted():
            self._member(member.name, member.service, member.pid)
        self._journal.write(at=time.time(), visible=self._reader.visible)
        idle = all(answered) and all(standing.idle for standing in self.standing.values())
        if not idle or visible != self._reader.visible:
            self.quiet_at = None
        elif self.quiet_at is None:
            self.quiet_at = time.time()

    def quiet(self) -> bool:
        """Whether nothing has been left to do for a while."""
        return self.quiet_at is not None and time.time() - self.quiet_at > CALM_S

    async def _service(self, service: str) -> bool:
        """Its offsets and the head of its outbox; False where its database does not answer."""
        rows = self._world.databases.rows
        try:
            offsets = await rows(service, "SELECT topic, partition, next_offset FROM intake")
            heads = await rows(service, "SELECT position, link FROM outbox_head")
            ready = await rows(service, "SELECT count(*) FROM lane WHERE ready")
        except Unreadable:
            return False
        taken = {(topic, partition): offset for topic, partition, offset in offsets}
        position, link = heads[0] if heads else (0, "")
        inputs = (commands_topic(SITE, service), *FACTS_READ[service])
        published, _ = self._reader.cursors.get(service, (0, ""))
        self.standing[service] = Standing(
            self._reader.lag(taken, inputs), max(0, position - published), ready[0][0]
        )
        self._journal.write(
            at=time.time(),
            service=service,
            offsets={f"{topic}/{partition}": offset for (topic, partition), offset in taken.items()},
            head={"position": position, "link": link},
        )
        return True

    def _member(self, name: str, service: str, pid: int | None) -> None:
        if pid is None:
            return
        try:
            memory = psutil.Process(pid).memory_info().rss / (1 << 20)
        except psutil.NoSuchProcess:
            return
        standing: Any = self.standing.get(service)
        self._journal.write(
            at=time.time(),
            process=name,
            pid=pid,
            rss_mb=round(memory, 1),
            lag=standing.lag if standing else None,
            outbox=standing.outbox if standing else None,
        )
