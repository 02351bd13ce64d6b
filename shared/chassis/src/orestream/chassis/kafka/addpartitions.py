"""Adds partitions to a transaction, and asks again soon while the broker still ends the one before.

EndTxn is answered when its outcome is durable, the markers that make it visible follow. Until they are
written the broker refuses the next transaction's first request, which the library repeats after 20 ms: a
rest as long as the whole transaction. Here the first rest is two milliseconds, and each one doubles.
"""

from __future__ import annotations

from typing import Any

from aiokafka.errors import ConcurrentTransactions
from aiokafka.producer.sender import AddPartitionsToTxnHandler

FIRST_REST = 0.002
LONGEST_REST = 0.02
"""Seconds."""


class Rests:
    """How long to wait before each try, until one succeeds."""

    def __init__(self) -> None:
        self._next = FIRST_REST

    def another(self) -> float:
        """The next rest, in seconds."""
        rest, self._next = self._next, min(2 * self._next, LONGEST_REST)
        return rest

    def over(self) -> None:
        """It succeeded: begin with the shortest again."""
        self._next = FIRST_REST


class AddPartitionsSoon(AddPartitionsToTxnHandler):  # type: ignore[misc] # the library has no types
    """The library's handler with rests of its own for the reply CONCURRENT_TRANSACTIONS."""

    def __init__(self, sender: Any, partitions: Any, rests: Rests) -> None:
        super().__init__(sender, partitions)
        self._rests = rests

    def handle_response(self, response: Any) -> float | None:
        """Seconds to wait before the next try; None when all partitions are added."""
        rest: float | None = super().handle_response(response)
        if rest is None:
            self._rests.over()
            return None
        codes = {code for _, partitions in response.errors for _, code in partitions}
        return self._rests.another() if ConcurrentTransactions.errno in codes else rest
