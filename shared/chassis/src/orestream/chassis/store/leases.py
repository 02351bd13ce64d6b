"""Leases by the database's clock: which replica does what only one should do."""

from __future__ import annotations

from orestream.chassis.store.statement import plain
from orestream.chassis.store.transaction import Transaction

_ACQUIRE = plain(
    "INSERT INTO lease (name, holder, expires_ms) VALUES ($1, $2, {now} + $3)"
    " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_ms = excluded.expires_ms"
    " WHERE lease.holder = excluded.holder OR lease.expires_ms <= {now}"
)
_RENEW = plain(
    "UPDATE lease SET expires_ms = {now} + $3 WHERE name = $1 AND holder = $2 AND expires_ms > {now}"
)
_RELEASE = plain("DELETE FROM lease WHERE name = $1 AND holder = $2")


async def acquire(transaction: Transaction, name: str, holder: str, ttl_ms: int) -> bool:
    """Take a lease that is free, has run out, or is one's own."""
    return await transaction.run(_ACQUIRE, name, holder, ttl_ms) == 1


async def renew(transaction: Transaction, name: str, holder: str, ttl_ms: int) -> bool:
    """Keep a lease that has not run out; False where it is lost."""
    return await transaction.run(_RENEW, name, holder, ttl_ms) == 1


async def release(transaction: Transaction, name: str, holder: str) -> None:
    """Give one's own lease back at once."""
    await transaction.run(_RELEASE, name, holder)
