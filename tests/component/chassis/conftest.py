"""The toy bank on each kind of database in turn."""

from collections.abc import AsyncIterator

import pytest

from tests.support.branch import Branch, branch_at


@pytest.fixture
async def branch(database_url: str) -> AsyncIterator[Branch]:
    """A branch with an empty database."""
    async with branch_at(database_url) as branch:
        yield branch
