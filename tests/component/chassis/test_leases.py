"""A lease is one holder's until it runs out by the database's clock, or is given back."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from orestream.chassis.store import Store, migrate

LONG = timedelta(minutes=1)
OVER = timedelta()


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    await migrate(database_url)
    store = await Store.open(database_url)
    yield store
    await store.close()


async def test_a_lease_is_held_by_one(store: Store) -> None:
    assert await store.acquire_lease("relay", "one", LONG)
    assert not await store.acquire_lease("relay", "two", LONG)
    assert await store.acquire_lease("another", "two", LONG)


async def test_a_holder_may_take_its_own_lease_again(store: Store) -> None:
    assert await store.acquire_lease("relay", "one", LONG)
    assert await store.acquire_lease("relay", "one", LONG)


async def test_a_lease_that_ran_out_is_anybodys(store: Store) -> None:
    assert await store.acquire_lease("relay", "one", OVER)
    assert await store.acquire_lease("relay", "two", LONG)
    assert not await store.renew_lease("relay", "one", LONG)


async def test_a_lease_is_renewed_by_its_holder_alone(store: Store) -> None:
    await store.acquire_lease("relay", "one", LONG)

    assert await store.renew_lease("relay", "one", LONG)
    assert not await store.renew_lease("relay", "two", LONG)


async def test_a_lease_that_ran_out_cannot_be_renewed(store: Store) -> None:
    await store.acquire_lease("relay", "one", OVER)

    assert not await store.renew_lease("relay", "one", LONG)


async def test_a_lease_given_back_is_free_at_once(store: Store) -> None:
    await store.acquire_lease("relay", "one", LONG)

    await store.release_lease("relay", "two")
    assert not await store.acquire_lease("relay", "two", LONG)
    await store.release_lease("relay", "one")
    assert await store.acquire_lease("relay", "two", LONG)
