"""The lease that keeps one replica relaying; liveness only: the transactional id is what makes it safe."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Protocol

from orestream.chassis.errors import Recoverable
from orestream.chassis.logs import Event, logger

log = logger(__name__)

RENEWAL = 1.0
"""Seconds between renewals; a Kafka transaction may outlast the lease, so a task of its own renews it."""


class LeaseRows(Protocol):
    """The lease rows of the database; times are the database's own."""

    async def acquire_lease(self, name: str, holder: str, ttl: timedelta) -> bool:
        """Take it where it is free or expired."""

    async def renew_lease(self, name: str, holder: str, ttl: timedelta) -> bool:
        """False where somebody else has it."""

    async def release_lease(self, name: str, holder: str) -> None:
        """Give it up."""


class Lease:
    """One replica's claim to relay."""

    def __init__(self, rows: LeaseRows, name: str, holder: str, ttl: timedelta) -> None:
        self._rows = rows
        self._name = name
        self._holder = holder
        self._ttl = ttl

    async def take(self) -> bool:
        """True where this replica relays from now on. Raises Recoverable where the database is away."""
        won = await self._rows.acquire_lease(self._name, self._holder, self._ttl)
        if won:
            log.info(Event.LEASE_WON, lease=self._name, holder=self._holder)
        return won

    async def keep(self) -> None:
        """Renew until it is lost, which is when this returns.

        A database that is away for less than the lease's time loses nothing; beyond it the lease
        counts as lost, whoever has it.
        """
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        while loop.time() - renewed < self._ttl.total_seconds():
            await asyncio.sleep(RENEWAL)
            try:
                if not await self._rows.renew_lease(self._name, self._holder, self._ttl):
                    break
                renewed = loop.time()
            except Recoverable as error:
                log.debug(Event.LEASE_LOST, lease=self._name, error=str(error))
        log.warning(Event.LEASE_LOST, lease=self._name, holder=self._holder)

    async def release(self) -> None:
        """Give it up, so that another replica need not wait; without the database it simply expires."""
        try:
            await self._rows.release_lease(self._name, self._holder)
        except Recoverable as error:
            log.info(Event.LEASE_LOST, lease=self._name, error=str(error))
