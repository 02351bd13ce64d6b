"""The random name of a database's history."""

from __future__ import annotations

from orestream.chassis.store.statement import plain
from orestream.chassis.store.transaction import Transaction

_READ = plain("SELECT name FROM history")


async def name(transaction: Transaction) -> str:
    """Given once, when the schema was made; a restored backup has the name of what it was taken from."""
    ((name_,),) = await transaction.select(_READ)
    return str(name_)
