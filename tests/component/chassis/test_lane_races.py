"""Waiting commands, with replicas at work at the same time: none is forgotten, doubled or overtaken."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from orestream.chassis.intake.setup import IntakeLimits
from tests.support.interleaving import BEFORE_VALIDATING, Stepwise, meeting
from tests.support.replicas import Replicas, replicas_at
from tests.support.toy_domain import deposit, opening, rate, transfer


@pytest.mark.parametrize("placeholder", [True, False])
async def test_a_wait_and_the_fact_that_ends_it_committed_together_lose_no_wake_up(
    replicas: Replicas, *, placeholder: bool
) -> None:
    branch = replicas.branch
    await branch.take(branch.commands.command(opening("c-1", "A")))
    if placeholder:
        await branch.take(branch.commands.command(opening("c-2", "B")))
        await branch.take(branch.commands.command(deposit("c-3", "B", "1", "EUR")))

    await replicas.met(
        branch.commands.command(deposit("c-4", "A", "10", "EUR")), branch.rates.fact(rate("EUR", "3"))
    )
    await branch.settle()

    assert set((await branch.finals()).values()) == {"accepted"}
    assert await branch.balance("A") == "30"
    assert await branch.store.waiting_count() == 0


async def test_a_follower_that_waits_beside_the_fact_it_waits_for_loses_no_wake_up(
    replicas: Replicas,
) -> None:
    branch = replicas.branch
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(deposit("c-2", "A", "1", "EUR")),
    )

    await replicas.met(
        branch.commands.command(deposit("c-3", "A", "1", "USD")), branch.rates.fact(rate("EUR", "3"))
    )
    await branch.settle()
    assert await branch.statuses("c-2") == ["waiting", "accepted"]
    await branch.take(branch.rates.fact(rate("USD", "4")))
    await branch.settle()

    assert await branch.balance("A") == "7"


async def test_a_command_that_arrives_while_its_lane_is_drained_stays_behind(replicas: Replicas) -> None:
    branch = replicas.branch
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(deposit("c-2", "A", "1", "EUR")),
    )
    await branch.take(branch.rates.fact(rate("EUR", "3")))
    meeting(*replicas.ways)

    await asyncio.gather(
        replicas.one.drain(),
        replicas.two.take([branch.commands.command(deposit("c-3", "A", "5"))], branch.places),
    )
    await branch.settle()

    assert await branch.money() == [("A", "3"), ("A", "5")]
    assert await branch.store.waiting_count() == 0


async def test_lanes_drained_by_two_at_once_are_decided_once(replicas: Replicas) -> None:
    branch = replicas.branch
    for name in "ABCDEF":
        await branch.take(
            branch.commands.command(opening(f"open-{name}", name)),
            branch.commands.command(deposit(f"first-{name}", name, "1", "EUR")),
            branch.commands.command(deposit(f"second-{name}", name, "2")),
        )
    await branch.take(branch.rates.fact(rate("EUR", "10")))
    meeting(*replicas.ways)

    assert all(await asyncio.gather(replicas.one.drain(), replicas.two.drain()))

    await branch.settle()
    assert len(await branch.finals()) == 18
    assert [await branch.balance(name) for name in "ABCDEF"] == ["12"] * 6


async def test_two_lanes_that_wait_for_each_other_are_drained_by_two_at_once(replicas: Replicas) -> None:
    branch = replicas.branch
    await branch.take(
        branch.commands.command(transfer("c-1", "A", "B", "0")),
        branch.commands.command(opening("c-2", "A")),
        branch.commands.command(transfer("c-3", "C", "D", "0")),
        branch.commands.command(opening("c-4", "C")),
    )
    meeting(*replicas.ways)

    await asyncio.gather(
        replicas.one.take([replicas.other.command(opening("c-5", "B"))], branch.places),
        replicas.two.take([branch.commands.command(opening("c-6", "D"))], branch.places),
    )
    await asyncio.gather(replicas.one.drain(), replicas.two.drain())
    await branch.settle()

    assert set((await branch.finals()).values()) == {"accepted"}
    assert len(await branch.finals()) == 6


@pytest.mark.parametrize("first", ["expiry", "fact"])
async def test_expiry_beside_the_fact_gives_one_answer(impatient: Replicas, first: str) -> None:
    branch = impatient.branch
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(deposit("c-2", "A", "10", "EUR")),
    )
    fact = branch.rates.fact(rate("EUR", "3"))
    held, go = asyncio.Event(), asyncio.Event()

    async def hold(_: Stepwise) -> None:
        held.set()
        await go.wait()

    impatient.ways[0].stops[BEFORE_VALIDATING] = hold
    if first == "expiry":
        slow: asyncio.Task[object] = asyncio.create_task(impatient.one.take([fact], branch.places))
        await held.wait()
        assert await impatient.two.expire() == 1
    else:
        slow = asyncio.create_task(impatient.one.expire())
        await held.wait()
        await impatient.two.take([fact], branch.places)
    go.set()
    await slow
    await branch.settle()

    assert (await branch.finals())["c-2"] == ("refused" if first == "expiry" else "accepted")
    assert await branch.balance("A") == ("0" if first == "expiry" else "30")
    assert await branch.store.waiting_count() == 0
    assert not (await branch.lane("A"))[1]


async def test_two_that_refuse_the_same_late_command_refuse_it_once(impatient: Replicas) -> None:
    branch = impatient.branch
    await branch.take(branch.commands.command(deposit("c-1", "A")))
    meeting(*impatient.ways)

    expired = await asyncio.gather(impatient.one.expire(), impatient.two.expire())

    assert sorted(expired) == [0, 1]
    assert await branch.finals() == {"c-1": "refused"}


async def test_the_next_in_a_lane_has_its_own_time_though_the_first_ran_out(postgres_url: str) -> None:
    """One replica has chosen the lane to expire; before it reads it, another refuses the head and goes on."""
    async with AsyncExitStack() as stack:
        replicas = await replicas_at(postgres_url, stack, IntakeLimits(waiting=timedelta(hours=1)))
        branch = replicas.branch
        await branch.take(
            branch.commands.command(deposit("c-1", "A")), branch.commands.command(deposit("c-2", "A", "5"))
        )
        await branch.run("UPDATE waiting SET arrived_ms = 0 WHERE command_id = 'c-1'")

        async def overtake(_: Stepwise) -> None:
            assert await replicas.two.expire() == 1
            while await replicas.two.drain():
                pass

        replicas.ways[0].stops["JOIN lane l"] = overtake
        assert await replicas.one.expire() == 0

        assert await branch.finals() == {"c-1": "refused"}
        assert await branch.statuses("c-2") == ["waiting"]


@pytest.mark.parametrize("statement", ["JOIN aggregate a", "JOIN waits_for n ON n.kind"])
async def test_a_wait_registered_while_its_row_is_being_read_loses_no_wake_up(
    replicas: Replicas, statement: str
) -> None:
    """Either the version that was read is old, which the commit finds out, or the waiter is seen."""
    branch = replicas.branch
    await branch.take(branch.commands.command(opening("c-1", "A")))
    waits = replicas.other.command(deposit("c-2", "A", "10", "EUR"))

    async def register(_: Stepwise) -> None:
        await replicas.two.take([waits], branch.places)

    replicas.ways[0].stops[statement] = register
    await replicas.one.take([branch.rates.fact(rate("EUR", "3"))], branch.places)
    assert not replicas.ways[0].stops
    await branch.settle()

    assert await branch.statuses("c-2") == ["waiting", "accepted"]


@pytest.mark.parametrize("statement", ["JOIN lane l", "JOIN waiting w"])
async def test_a_command_queued_while_its_lane_is_being_read_is_not_overtaken(
    replicas: Replicas, statement: str
) -> None:
    branch = replicas.branch
    await branch.take(branch.commands.command(opening("c-1", "A")))
    # so that there is a lane whose queue can be read
    await branch.take(branch.commands.command(deposit("c-2", "A", "1")))
    waits = replicas.other.command(deposit("c-3", "A", "10", "EUR"))

    async def queue(_: Stepwise) -> None:
        await replicas.two.take([waits], branch.places)

    replicas.ways[0].stops[statement] = queue
    await replicas.one.take([branch.commands.command(deposit("c-4", "A", "5"))], branch.places)
    assert not replicas.ways[0].stops

    assert await branch.statuses("c-4") == ["waiting"]
