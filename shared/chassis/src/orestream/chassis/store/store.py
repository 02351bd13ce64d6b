"""A service's database, as the rest of the chassis and the command line see it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Self

from orestream.chassis.errors import DatabaseUnavailable
from orestream.chassis.records import Place
from orestream.chassis.store import histories, leases, offsets, outbox, parked, parking, queues, schema, tasks
from orestream.chassis.store.outbox import Head
from orestream.chassis.store.outbox_row import OutboxRow
from orestream.chassis.store.parked import Parked, Wish
from orestream.chassis.store.postgres import PostgresDatabase
from orestream.chassis.store.sqlite import SqliteDatabase
from orestream.chassis.store.tasks import Backlog
from orestream.chassis.store.transaction import Conflict, Database, InDoubt, Transaction

POOL_SIZE = 5


class Store:
    """One database of one service. Every method may raise `DatabaseUnavailable`; nothing is done then."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    async def open(cls, url: str, *, pool_size: int = POOL_SIZE) -> Self:
        """Connect to `postgresql://…` or `sqlite:///FILE`; a `+driver` in the scheme does not matter."""
        if url.startswith("sqlite"):
            return cls(await SqliteDatabase.open(url))
        return cls(await PostgresDatabase.open(url, pool_size))

    async def close(self) -> None:
        """Close every connection."""
        await self._database.close()

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction of the intake's."""
        return self._database.transaction()

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """For statements that only read."""
        return self._database.reading()

    async def check_schema(self) -> str:
        """The schema's revision. Raises SchemaOutOfRange, saying what to run."""
        async with self._database.reading() as transaction:
            return await schema.check(transaction)

    async def history(self) -> str:
        """The random name of this database's history."""
        async with self._database.reading() as transaction:
            return await histories.name(transaction)

    # where reading goes on

    async def next_offset(self, place: Place) -> int | None:
        """The offset that comes next, or None where the place is not registered."""
        async with self._database.reading() as transaction:
            return await offsets.next_offset(transaction, place)

    async def register_place(self, place: Place, at: int) -> None:
        """Begin at an offset, the first time; afterwards this has no effect."""
        async with self._certain() as transaction:
            await offsets.register(transaction, place, at)

    # for the relay

    async def outbox_after(self, position: int, limit: int, max_bytes: int) -> list[OutboxRow]:
        """Rows behind a position, whole decisions only, at least one where there is one."""
        async with self._database.reading() as transaction:
            return await outbox.after(transaction, position, limit, max_bytes)

    async def outbox_head(self) -> Head:
        """The last position given, and the link of the last transaction that wrote."""
        async with self._database.reading() as transaction:
            return await outbox.head(transaction)

    async def outbox_age(self, after: int) -> float | None:
        """Seconds that the oldest row behind a position has waited; None where there is none."""
        async with self._database.reading() as transaction:
            return await outbox.age(transaction, after)

    async def prune_outbox(self, up_to: int, older_than: timedelta) -> int:
        """Delete a range of rows before a position, which itself stays; how many."""
        async with self._certain() as transaction:
            return await outbox.prune(transaction, up_to, _ms(older_than))

    async def acquire_lease(self, name: str, holder: str, ttl: timedelta) -> bool:
        """Take a lease that is free, has run out, or is one's own."""
        async with self._certain() as transaction:
            return await leases.acquire(transaction, name, holder, _ms(ttl))

    async def renew_lease(self, name: str, holder: str, ttl: timedelta) -> bool:
        """Keep a lease that has not run out; False where it is lost."""
        async with self._certain() as transaction:
            return await leases.renew(transaction, name, holder, _ms(ttl))

    async def release_lease(self, name: str, holder: str) -> None:
        """Give one's own lease back at once."""
        async with self._certain() as transaction:
            await leases.release(transaction, name, holder)

    # for operators

    async def waiting_count(self) -> int:
        """How many commands wait."""
        async with self._database.reading() as transaction:
            return await queues.waiting(transaction)

    async def parked_keys(self) -> int:
        """How many keys are parked."""
        async with self._database.reading() as transaction:
            return await parked.keys(transaction)

    async def open_tasks(self) -> Backlog:
        """How many decisions have facts still to come, and for how long the oldest one has."""
        async with self._database.reading() as transaction:
            return await tasks.backlog(transaction)

    async def parked_list(self, limit: int = 1000) -> list[Parked]:
        """What is parked, in order."""
        async with self._database.reading() as transaction:
            return await parked.listed(transaction, limit)

    async def parked_show(self, key: str) -> list[Parked]:
        """What is parked under one key, in order."""
        async with self._database.reading() as transaction:
            return await parked.of_key(transaction, key)

    async def parked_retry(self, key: str) -> bool:
        """Have a key's records decided again, in order; the service does it. False where none fails."""
        return await self._wish(key, "retry", None)

    async def parked_discard(self, key: str, why: str) -> bool:
        """Have the failing record of a key dropped, which is published; those behind it go on."""
        return await self._wish(key, "discard", why)

    async def breaker(self) -> str | None:
        """Why the service stopped itself, or None."""
        async with self._database.reading() as transaction:
            return (await parking.current(transaction)).breaker

    async def open_breaker(self, why: str) -> None:
        """Stop the service, now and at every start, until an operator closes the breaker."""
        async with self._certain() as transaction:
            await parking.set_breaker(transaction, why)

    async def close_breaker(self) -> None:
        """Let the service start again."""
        async with self._certain() as transaction:
            await parking.set_breaker(transaction, None)

    async def _wish(self, key: str, wish: Wish, why: str | None) -> bool:
        async with self._certain() as transaction:
            return await parked.wish(transaction, key, wish, why)

    @asynccontextmanager
    async def _certain(self) -> AsyncIterator[Transaction]:
        """A transaction that may safely be repeated, so that a doubt or a conflict is just a failure."""
        try:
            async with self._database.transaction() as transaction:
                yield transaction
        except (InDoubt, Conflict) as error:
            raise DatabaseUnavailable(str(error)) from error


def _ms(duration: timedelta) -> int:
    return int(duration.total_seconds() * 1000)
