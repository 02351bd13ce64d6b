"""A SQLite file that somebody else holds: wait, then say so, and go on when it is free."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from orestream.chassis.errors import Recoverable
from orestream.chassis.intake.taken import Moved
from orestream.chassis.store import sqlite
from orestream.chassis.store.sqlite import path_of
from tests.support.branch import Branch, branch_at
from tests.support.databases import sqlite_url
from tests.support.toy_domain import COMMANDS, deposit, opening, rate


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite_url(tmp_path)


@pytest.fixture
async def hasty(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Branch]:
    """A branch that does not wait long for a lock."""
    monkeypatch.setattr(sqlite, "LOCK_PATIENCE_S", 0.01)
    async with branch_at(url) as branch:
        yield branch


@contextmanager
def held(url: str) -> Iterator[None]:
    """Somebody else writes."""
    with closing(sqlite3.connect(path_of(url), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_a_locked_file_is_recoverable_and_the_batch_is_taken_when_it_is_free(
    hasty: Branch, url: str
) -> None:
    batch = [hasty.commands.command(opening("c-1", "A")), hasty.commands.command(deposit("c-2", "A"))]
    with held(url):
        with pytest.raises(Recoverable, match="locked"):
            await hasty.take(*batch)
        assert await hasty.next_offset() == 0

    assert await hasty.try_to_take(*batch) == Moved({(COMMANDS, 0): 2})
    assert await hasty.balance("A") == "10"


async def test_a_locked_file_keeps_nobody_from_draining_later(hasty: Branch, url: str) -> None:
    await hasty.take(
        hasty.commands.command(opening("c-1", "A")), hasty.commands.command(deposit("c-2", "A", "1", "EUR"))
    )
    await hasty.take(hasty.rates.fact(rate("EUR", "3")))
    with held(url), pytest.raises(Recoverable, match="locked"):
        await hasty.intake.drain()

    await hasty.settle()

    assert await hasty.balance("A") == "3"
