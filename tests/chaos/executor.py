"""Carries out a plan: each fault at its time, healed after its time, written down as it happened."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.faults.catalogue import KINDS
from tests.chaos.faults.fault import Planned
from tests.chaos.journal import Journal
from tests.chaos.world.world import World


@dataclass(slots=True)
class Executor:
    """One plan on one world.

    Attributes:
        on: names of the faults that are on now.
        healed_at: when the last of them was healed.
        errors: faults that could not be carried out, which is a mistake of the run itself.
    """

    world: World
    plan: Sequence[Planned]
    seconds: float
    journal_path: Path
    on: list[str] = field(default_factory=list)
    done: int = 0
    healed_at: float = 0.0
    errors: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Until the last fault is healed.

        What comes after one that is alone is put off by what that took, and left out once the time is over;
        a late one is put off only until what is on is healed, and what would come after it is left out.
        """
        journal = Journal(self.journal_path)
        loop = asyncio.get_running_loop()
        first = began = loop.time()
        ends = began + self.seconds
        late = began + min((one.at for one in self.plan if KINDS[one.fault].late), default=self.seconds)
        running: set[asyncio.Task[None]] = set()
        try:
            for planned in self.plan:
                if loop.time() > ends:
                    break
                kind = KINDS[planned.fault]
                due = max(loop.time(), planned.at + (first if kind.late else began))
                if due > late and not kind.late:
                    continue
                await asyncio.sleep(max(0.0, due - loop.time()))
                alone = kind.alone
                if alone:
                    await asyncio.gather(*running)
                running.add(asyncio.create_task(self._one(planned, journal)))
                if alone:
                    await asyncio.gather(*running)
                    began = max(began, loop.time() - planned.until)
            await asyncio.gather(*running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        self.healed_at = time.time()

    async def _one(self, planned: Planned, journal: Journal) -> None:
        """Inject, wait, heal; whatever goes wrong here is the run's own mistake and fails it."""
        fault = KINDS[planned.fault].make(planned)
        at, note = time.time(), ""
        self.on.append(planned.fault)
        try:
            try:
                note = await fault.inject(self.world)
                await asyncio.sleep(planned.lasts)
            finally:
                await fault.heal(self.world)
        except Exception as error:  # noqa: BLE001 - see the docstring
            self.errors.append(f"{planned.fault}: {error!r}")
            note = traceback.format_exc()
        self.on.remove(planned.fault)
        self.done += 1
        journal.write(
            at=at,
            until=time.time(),
            fault=planned.fault,
            target=note.partition(" ")[0] if note else planned.service,
            step=planned.fault.partition("-at-")[2] or None,
            note=note,
        )
