"""The toy bank on each kind of database in turn."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from orestream.chassis.intake.setup import IntakeLimits
from tests.support.branch import Branch, branch_at
from tests.support.replicas import Replicas, replicas_at


@pytest.fixture
async def branch(database_url: str) -> AsyncIterator[Branch]:
    """A branch with an empty database."""
    async with branch_at(database_url) as branch:
        yield branch


@pytest.fixture
async def replicas(postgres_url: str) -> AsyncIterator[Replicas]:
    async with AsyncExitStack() as stack:
        yield await replicas_at(postgres_url, stack)


@pytest.fixture
async def impatient(postgres_url: str) -> AsyncIterator[Replicas]:
    """Whatever waits has waited too long at once."""
    async with AsyncExitStack() as stack:
        yield await replicas_at(postgres_url, stack, IntakeLimits(waiting=timedelta(0)))
