"""PostgreSQL through asyncpg: arrays in, rows out, and its errors sorted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self

import asyncpg

from orestream.chassis.errors import DatabaseUnavailable
from orestream.chassis.logs import Event, logger
from orestream.chassis.store.statement import Statement
from orestream.chassis.store.transaction import Conflict, InDoubt, Row

log = logger(__name__)

LOCK_PATIENCE_MS = 10_000
IDLE_LIMIT_MS = 30_000
"""A replica that is frozen within a transaction loses it, so that the others can go on."""
COMMAND_TIMEOUT_S = 20.0
"""Longer than a lock is waited for; a server that went silent is given up after it."""
POOL_PATIENCE_S = 10.0
"""To be given a connection, and to give one back, which waits for the cancellation of its last statement."""

_COLLIDED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_PASSING = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    # a statement that meets the server's farewell: the client says that another operation is in progress
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.PostgresSystemError,
)


class PostgresDatabase:
    """A pool of connections."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str, pool_size: int) -> Self:
        """Connect. Raises DatabaseUnavailable."""
        with _sorted_errors():
            pool = await asyncpg.create_pool(
                dsn_of(url),
                min_size=1,
                max_size=pool_size,
                command_timeout=COMMAND_TIMEOUT_S,
                server_settings={
                    "application_name": "orestream",
                    "lock_timeout": str(LOCK_PATIENCE_MS),
                    "idle_in_transaction_session_timeout": str(IDLE_LIMIT_MS),
                },
                reset=_keep_settings,
            )
        return cls(pool)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        """See `Database.transaction`."""
        with _sorted_errors():
            async with self._connection() as connection:
                transaction = connection.transaction()
                await transaction.start()
                try:
                    yield PostgresTransaction(connection)
                except BaseException:
                    await _roll_back(connection, transaction)
                    raise
                await _commit(transaction)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[PostgresTransaction]:
        """See `Database.reading`."""
        with _sorted_errors():
            async with self._connection() as connection:
                yield PostgresTransaction(connection)

    async def close(self) -> None:
        """Close every connection, waiting for none that is in use."""
        self._pool.terminate()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """One of the pool; one that cannot be given back in time is ended, and what it did stays done."""
        connection = await self._pool.acquire(timeout=POOL_PATIENCE_S)
        try:
            yield connection
        finally:
            try:
                await self._pool.release(connection, timeout=POOL_PATIENCE_S)
            except _PASSING as error:
                log.info(Event.CONNECTION_DROPPED, error=str(error) or repr(error))


class PostgresTransaction:
    """See `Transaction`."""

    locks = True

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def select(self, statement: Statement, *arguments: Any) -> Sequence[Row]:
        """See `Transaction.select`."""
        return await self._fetch(statement.postgres, *arguments)

    async def run(self, statement: Statement, *arguments: Any) -> int:
        """See `Transaction.run`."""
        return _changed(await self._connection.execute(statement.postgres, *arguments))

    async def read(self, statement: Statement, given: Sequence[Row]) -> Sequence[Row]:
        """See `Transaction.read`."""
        return await self._fetch(statement.postgres, *zip(*given, strict=True)) if given else ()

    async def write(self, statement: Statement, given: Sequence[Row]) -> int:
        """See `Transaction.write`."""
        if not given:
            return 0
        return _changed(await self._connection.execute(statement.postgres, *zip(*given, strict=True)))

    async def _fetch(self, sql: str, *arguments: Any) -> Sequence[Row]:
        rows: Sequence[Row] = await self._connection.fetch(sql, *arguments)
        return rows


def dsn_of(url: str) -> str:
    """The URL as PostgreSQL's own libraries take it, without SQLAlchemy's driver."""
    scheme, _, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest}"


async def _keep_settings(_connection: Any) -> None:
    """Nothing to reset between uses: no session state is ever set."""


async def _commit(transaction: Any) -> None:
    """Commit; an answer that does not come leaves it in doubt."""
    try:
        await transaction.commit()
    except _PASSING as error:
        raise InDoubt(str(error)) from error


async def _roll_back(connection: Any, transaction: Any) -> None:
    """Roll back; where that fails the connection is ended, which rolls back too."""
    try:
        await transaction.rollback()
    except _PASSING:
        connection.terminate()


def _changed(status: str) -> int:
    """`INSERT 0 5` → 5."""
    return int(status.rpartition(" ")[2])


@contextmanager
def _sorted_errors() -> Iterator[None]:
    """Errors of asyncpg as the chassis's own; a programming error stays what it is."""
    try:
        yield
    except _COLLIDED as error:
        raise Conflict(str(error)) from error
    except _PASSING as error:
        raise DatabaseUnavailable(f"PostgreSQL: {error or type(error).__name__}") from error
