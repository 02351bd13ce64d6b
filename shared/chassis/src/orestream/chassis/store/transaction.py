"""What the store needs of a database: transactions, and statements given many rows."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from orestream.chassis.store.statement import Statement

Row = Sequence[Any]


class Conflict(Exception):
    """Others have changed what this transaction read: roll back and run it again."""


class InDoubt(Exception):
    """The commit was sent and its answer lost: only reading again tells whether it happened."""


class Transaction(Protocol):
    """An open transaction. Reads see what others have committed until each statement's start."""

    locks: bool
    """True where rows are locked one by one; False where the transaction has the database alone."""

    async def select(self, statement: Statement, *arguments: Any) -> Sequence[Row]:
        """The rows of a plain statement."""

    async def run(self, statement: Statement, *arguments: Any) -> int:
        """Run a plain statement; the number of rows it changed."""

    async def read(self, statement: Statement, given: Sequence[Row]) -> Sequence[Row]:
        """The rows of a bulk statement."""

    async def write(self, statement: Statement, given: Sequence[Row]) -> int:
        """Run a bulk statement; the number of rows it changed."""


class Database(Protocol):
    """One of the two kinds of database."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction, committed when its block ends and rolled back when it raises.

        Raises:
            Conflict: the database found a deadlock with others.
            InDoubt: the commit's answer was lost.
            DatabaseUnavailable: anything else that passes by itself; nothing is committed.
        """

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """For statements that only read; it does not wait for writers."""

    async def close(self) -> None:
        """Close every connection."""
