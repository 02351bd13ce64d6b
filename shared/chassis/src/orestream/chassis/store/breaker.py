"""Whether the service has stopped itself because too many facts failed."""

from __future__ import annotations

from orestream.chassis.store.statement import plain
from orestream.chassis.store.transaction import Transaction

_READ = plain("SELECT why FROM breaker")
_OPEN = plain("INSERT INTO breaker (one, why, opened_ms) VALUES (1, $1, {now}) ON CONFLICT DO NOTHING")
_CLOSE = plain("DELETE FROM breaker")


async def why_open(transaction: Transaction) -> str | None:
    """Why it is open, or None."""
    rows = await transaction.select(_READ)
    return str(rows[0][0]) if rows else None


async def open_(transaction: Transaction, why: str) -> None:
    """Open it; the first reason stays."""
    await transaction.run(_OPEN, why)


async def close(transaction: Transaction) -> None:
    """An operator has seen to it."""
    await transaction.run(_CLOSE)
