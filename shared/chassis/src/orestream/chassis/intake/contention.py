"""Runs a transaction again when others have changed what it read, with ever stronger means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from orestream.chassis.errors import Contended
from orestream.chassis.intake.commit import Locks
from orestream.chassis.store.transaction import Conflict

FREE_ATTEMPTS = 2
"""Conflicts after which it locks what it needs before it reads."""
LOCKED_ATTEMPTS = 2
"""Further conflicts after which it is worth doing less at a time."""
PATIENCE = 20
"""Conflicts of a transaction that cannot be made smaller, before its caller has to wait."""

T = TypeVar("T")
Attempt = Callable[[Locks, bool], Awaitable[T]]
"""One try: it tells `Locks` what it needed; the flag says whether to lock that first."""


class TooMuch(Exception):
    """It keeps conflicting: take less at a time."""


async def persist(attempt: Attempt[T], *, divisible: bool, on_conflict: Callable[[], None]) -> T:
    """Run until it goes through.

    Raises:
        TooMuch: it did not, and could be divided.
        Contended: it did not, and cannot.
    """
    locks = Locks()
    for conflicts in range(PATIENCE):
        if divisible and conflicts >= FREE_ATTEMPTS + LOCKED_ATTEMPTS:
            raise TooMuch
        try:
            return await attempt(locks, conflicts >= FREE_ATTEMPTS)
        except Conflict:
            on_conflict()
    raise Contended(f"others changed what this transaction reads {PATIENCE} times in a row")
