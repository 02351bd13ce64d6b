"""What a relay does beside publishing, each second or so: compare, measure, prune, confirm."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from time import monotonic
from typing import Protocol

from orestream.chassis.errors import Fatal
from orestream.chassis.logs import Event, logger
from orestream.chassis.metrics import Metrics
from orestream.chassis.relay.cursor import Cursor
from orestream.chassis.relay.history import check_head
from orestream.chassis.relay.publisher import MarkersMissing, Publisher
from orestream.chassis.steps import Step, reached
from orestream.chassis.store.outbox import PRUNED_AT_ONCE, Head

log = logger(__name__)

PAUSE = 1.0
"""Seconds between rounds."""
CONFIRMED_EACH = 5.0
"""Seconds between looks at the ends of transactions."""


class Behind(Protocol):
    """What the chores need of the database."""

    async def outbox_head(self) -> Head:
        """Position and link of the last row ever written."""

    async def prune_outbox(self, up_to: int, older_than: timedelta) -> int:
        """Delete published rows."""

    async def outbox_age(self, after: int) -> float | None:
        """Seconds since the oldest row after a position was written; None where there is none."""


class Chores:
    """Runs beside the publishing, which it never holds up; `cursor` tells it how far that is."""

    def __init__(self, outbox: Behind, publisher: Publisher, metrics: Metrics, keep: timedelta) -> None:
        self._outbox = outbox
        self._publisher = publisher
        self._metrics = metrics
        self._keep = keep
        self._confirm_at = monotonic() + CONFIRMED_EACH
        self.cursor: Cursor | None = None
        """How far everything is published; None while that is not known."""
        self.missing: MarkersMissing | None = None
        """Why the publishing should start anew."""

    async def run(self) -> None:
        """Round after round. What fails is told, and tried again in the next.

        Raises:
            HistoryDiverged: the outbox is not the one that was published.
        """
        while True:
            pause = PAUSE
            try:
                if self.cursor is not None:
                    pause = 0.0 if await self._round(self.cursor) else PAUSE
            except Fatal:
                raise
            except Exception as error:  # noqa: BLE001 - the libraries raise many kinds; none may end the round
                log.warning(Event.RELAY_CHORE_FAILED, error=repr(error))
            await asyncio.sleep(pause)

    async def _round(self, cursor: Cursor) -> bool:
        """True where more is waiting to be pruned: a busy service's outbox would only grow."""
        check_head(cursor, await self._outbox.outbox_head())
        self._metrics.outbox_age.set(await self._outbox.outbox_age(cursor.position) or 0.0)
        await reached(Step.BEFORE_PRUNE)
        # the row at the cursor itself stays, so that its link can be compared
        pruned = await self._outbox.prune_outbox(cursor.position, self._keep)
        if monotonic() >= self._confirm_at:
            self._confirm_at = monotonic() + CONFIRMED_EACH
            try:
                await self._publisher.confirm()
            except MarkersMissing as error:
                self.missing = error
        return pruned >= PRUNED_AT_ONCE
