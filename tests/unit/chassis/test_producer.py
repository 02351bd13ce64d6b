"""A producer is thrown away without taking the relay's own task with it; a part that vanishes is noticed."""

from __future__ import annotations

import asyncio

import pytest

from orestream.chassis.kafka.producer import RelayProducer
from orestream.chassis.settings import Settings
from orestream.chassis.stop import Stop


async def in_flight() -> None:
    """The library's sender: cancelled once it ends what it has begun, cancelled twice it gives that up."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.sleep(0.2)


async def test_discarding_with_requests_in_flight_does_not_look_like_a_cancellation() -> None:
    producer = RelayProducer(Settings(), "dev.main.mining")
    producer._sender._sender_task = asyncio.create_task(in_flight())
    await asyncio.sleep(0)
    await producer.discard()
    assert producer._sender._sender_task.done()


async def test_a_part_that_something_cancelled_stops_the_service() -> None:
    stop = Stop()
    task = asyncio.create_task(asyncio.Event().wait(), name="the relay")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    stop.watch(task)  # type: ignore[arg-type] # what it would have returned does not matter
    assert stop.asked.is_set()
    assert "the relay" in str(stop.failure)


async def test_a_part_cancelled_because_all_is_stopping_is_no_failure() -> None:
    stop = Stop()
    stop.ask()
    task = asyncio.create_task(asyncio.Event().wait())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    stop.watch(task)  # type: ignore[arg-type] # what it would have returned does not matter
    assert stop.failure is None
