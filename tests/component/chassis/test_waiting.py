"""Commands that wait: in order, decided when what they need is there, refused when it does not come."""

from datetime import timedelta

import pytest

from orestream.chassis.intake.setup import IntakeLimits
from tests.support.branch import Branch
from tests.support.toy_domain import deposit, opening, rate, transfer


async def test_a_command_waits_and_says_for_what(branch: Branch) -> None:
    moved = await branch.take(branch.commands.command(transfer("c-1", "A", "B")))

    (answer,) = await branch.answers("c-1")
    assert answer["status"] == "waiting"
    assert answer["waits_for"] == ["account A", "account B"]
    assert not moved.ready


async def test_a_waiting_command_is_decided_when_the_fact_comes(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(deposit("c-2", "A", "10", "EUR")),
    )

    moved = await branch.take(branch.rates.fact(rate("EUR", "3")))
    assert moved.ready
    await branch.settle()

    assert await branch.statuses("c-2") == ["waiting", "accepted"]
    assert await branch.balance("A") == "30"
    assert await branch.store.waiting_count() == 0


async def test_a_fact_earlier_in_the_batch_is_there_already(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.rates.fact(rate("EUR", "3")),
        branch.commands.command(deposit("c-2", "A", "10", "EUR")),
    )

    assert await branch.statuses("c-2") == ["accepted"]


async def test_a_fact_later_in_the_same_batch_ends_the_wait(branch: Branch) -> None:
    moved = await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(deposit("c-2", "A", "10", "EUR")),
        branch.rates.fact(rate("EUR", "3")),
    )

    assert moved.ready
    await branch.settle()
    assert await branch.statuses("c-2") == ["waiting", "accepted"]


async def test_a_later_command_of_the_key_does_not_overtake(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(deposit("c-2", "A", "10", "EUR")),
        branch.commands.command(deposit("c-3", "A", "1")),
    )
    assert await branch.statuses("c-3") == ["waiting"]
    assert await branch.balance("A") == "0"

    await branch.take(branch.rates.fact(rate("EUR", "3")))
    await branch.settle()

    assert list(await branch.finals()) == ["c-1", "c-2", "c-3"]
    assert await branch.money() == [("A", "30"), ("A", "1")]


async def test_other_keys_flow_on(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(deposit("c-1", "A")),
        branch.commands.command(opening("c-2", "B")),
        branch.commands.command(deposit("c-3", "B")),
    )

    assert await branch.finals() == {"c-2": "accepted", "c-3": "accepted"}


async def test_a_command_that_brings_what_the_head_waits_for_goes_first(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(deposit("c-1", "A")), branch.commands.command(opening("c-2", "A"))
    )
    await branch.settle()

    assert list(await branch.finals()) == ["c-2", "c-1"]
    assert await branch.balance("A") == "10"


async def test_a_ready_lane_is_not_overtaken_by_what_would_bring_the_head_its_need(branch: Branch) -> None:
    """B is open by now, so the head can pay it; a later payment, which changes B too, may not go before."""
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(deposit("c-2", "A", "10")),
        branch.commands.command(transfer("c-3", "A", "B", "10")),
    )
    moved = await branch.take(
        branch.commands.command(opening("c-4", "B")), branch.commands.command(transfer("c-5", "A", "B", "10"))
    )
    assert moved.ready
    assert await branch.statuses("c-5") == ["waiting"]

    await branch.settle()

    finals = await branch.finals()
    assert (finals["c-3"], finals["c-5"]) == ("accepted", "refused")


async def test_a_follower_first_tried_when_its_lane_is_drained_is_registered_then(branch: Branch) -> None:
    """It arrived while the lane was ready, so nobody knew yet what it waits for."""
    await branch.take(branch.commands.command(transfer("c-1", "A", "B", "0")))
    await branch.take(
        branch.commands.command(opening("c-2", "B")),
        branch.commands.command(opening("c-3", "A", guarantor="G")),
    )
    await branch.settle()
    assert await branch.finals() == {"c-2": "accepted"}

    await branch.take(branch.commands.command(opening("c-4", "G")))
    await branch.settle()

    assert list(await branch.finals()) == ["c-2", "c-4", "c-3", "c-1"]


async def test_a_follower_that_comes_to_bring_what_the_head_waits_for_is_found(branch: Branch) -> None:
    """It waited itself when it arrived; what ends its wait makes the lane ready, though the head waits on."""
    await branch.take(
        branch.commands.command(deposit("c-1", "A")),
        branch.commands.command(opening("c-2", "A", guarantor="G")),
    )
    await branch.settle()
    assert await branch.finals() == {}

    await branch.take(branch.commands.command(opening("c-3", "G")))
    await branch.settle()

    assert list((await branch.finals()).items()) == [
        ("c-3", "accepted"),
        ("c-2", "accepted"),
        ("c-1", "accepted"),
    ]


async def test_a_follower_that_brings_nothing_stays_behind(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(transfer("c-2", "A", "B", "0")),
        branch.commands.command(deposit("c-3", "A", "10", "EUR")),
    )
    await branch.take(branch.rates.fact(rate("EUR", "3")))
    await branch.settle()
    assert await branch.statuses("c-3") == ["waiting"]

    await branch.take(branch.commands.command(opening("c-4", "B")))
    await branch.settle()

    assert list(await branch.finals()) == ["c-1", "c-4", "c-2", "c-3"]


async def test_the_first_follower_that_brings_goes_first(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(deposit("c-1", "A")),
        branch.commands.command(opening("c-2", "A", guarantor="G")),
        branch.commands.command(opening("c-3", "A", guarantor="G")),
    )
    await branch.take(branch.commands.command(opening("c-4", "G")))
    await branch.settle()

    assert list((await branch.finals()).items()) == [
        ("c-4", "accepted"),
        ("c-2", "accepted"),
        ("c-1", "accepted"),
        ("c-3", "refused"),
    ]


async def test_waiting_raises_the_version_of_every_row_waited_for(branch: Branch) -> None:
    await branch.take(branch.commands.command(opening("c-1", "A")))
    before = await branch.version("account", "A")

    await branch.take(branch.commands.command(transfer("c-2", "A", "B")))

    assert await branch.version("account", "B") == 1
    assert await branch.version("account", "A") == before


async def test_a_lane_is_never_deleted_and_its_version_only_grows(branch: Branch) -> None:
    await branch.take(branch.commands.command(deposit("c-1", "A")))
    queued, _ = await branch.lane("A")
    await branch.take(branch.commands.command(opening("c-2", "A")))
    woken, ready = await branch.lane("A")
    assert ready
    await branch.settle()
    drained, ready = await branch.lane("A")

    assert 0 < queued < woken < drained
    assert not ready


async def test_a_woken_lane_whose_head_still_waits_is_ready_no_longer(branch: Branch) -> None:
    await branch.take(branch.commands.command(transfer("c-1", "A", "B")))
    await branch.take(branch.commands.command(opening("c-2", "A")))
    assert (await branch.lane("A"))[1]

    await branch.settle()
    assert not (await branch.lane("A"))[1]

    await branch.take(branch.commands.command(opening("c-3", "B")))
    await branch.settle()
    assert (await branch.finals())["c-1"] == "refused"


async def test_a_decided_wait_can_end_another(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(opening("c-2", "B")),
        branch.commands.command(deposit("c-3", "A", "5", "EUR")),
        branch.commands.command(transfer("c-4", "B", "C", "0")),
    )
    await branch.take(branch.rates.fact(rate("EUR")), branch.commands.command(opening("c-5", "C")))
    await branch.settle()

    assert set((await branch.finals()).values()) == {"accepted"}


async def test_many_lanes_are_drained_a_few_at_a_time(branch: Branch) -> None:
    names = [f"A{i:02}" for i in range(45)]
    await branch.take(*[branch.commands.command(opening(f"o-{name}", name)) for name in names])
    await branch.take(*[branch.commands.command(deposit(f"d-{name}", name, "1", "EUR")) for name in names])
    await branch.take(branch.rates.fact(rate("EUR")))

    assert await branch.intake.drain()
    done = [name for name, status in (await branch.finals()).items() if name.startswith("d-")]
    assert 0 < len(done) < len(names)

    await branch.settle()
    finals = await branch.finals()
    assert {finals[f"d-{name}"] for name in names} == {"accepted"}


@pytest.fixture
def impatient(branch: Branch) -> Branch:
    """A branch where nothing may wait."""
    branch.limits = IntakeLimits(waiting=timedelta())
    branch.intake = branch.another()
    return branch


async def test_what_waits_too_long_is_refused(impatient: Branch) -> None:
    await impatient.take(impatient.commands.command(transfer("c-1", "A", "B")))

    assert await impatient.intake.expire() == 1

    waiting, refused = await impatient.answers("c-1")
    assert waiting["status"] == "waiting"
    assert (refused["status"], refused["rule"]) == ("refused", "R04")
    assert refused["details"] == {"waits_for": ["account A", "account B"]}
    assert await impatient.intake.expire() == 0


async def test_what_may_wait_longer_is_left_alone(branch: Branch) -> None:
    await branch.take(branch.commands.command(transfer("c-1", "A", "B")))

    assert await branch.intake.expire() == 0
    assert await branch.statuses("c-1") == ["waiting"]


async def test_expiry_leaves_the_lane_ready_for_what_is_behind(impatient: Branch) -> None:
    await impatient.take(
        impatient.commands.command(opening("c-1", "A")),
        impatient.commands.command(deposit("c-2", "A", "1", "EUR")),
        impatient.commands.command(deposit("c-3", "A", "7")),
    )

    assert await impatient.intake.expire() == 1
    assert (await impatient.lane("A"))[1]
    assert await impatient.intake.expire() == 0
    await impatient.settle()

    assert await impatient.finals() == {"c-1": "accepted", "c-2": "refused", "c-3": "accepted"}


async def test_a_lane_that_is_ready_does_not_expire(impatient: Branch) -> None:
    await impatient.take(
        impatient.commands.command(opening("c-1", "A")),
        impatient.commands.command(deposit("c-2", "A", "1", "EUR")),
    )
    await impatient.take(impatient.rates.fact(rate("EUR")))

    assert await impatient.intake.expire() == 0
    await impatient.settle()

    assert (await impatient.finals())["c-2"] == "accepted"


async def test_the_last_of_a_lane_leaves_it_idle(impatient: Branch) -> None:
    await impatient.take(impatient.commands.command(deposit("c-1", "A")))

    await impatient.intake.expire()

    assert not (await impatient.lane("A"))[1]
    assert await impatient.intake.drain() is False


async def test_what_was_refused_for_waiting_stays_refused_when_the_fact_comes_after_all(
    impatient: Branch,
) -> None:
    await impatient.take(impatient.commands.command(deposit("c-1", "A")))
    await impatient.intake.expire()

    await impatient.take(impatient.commands.command(opening("c-2", "A")))
    await impatient.settle()
    await impatient.take(impatient.commands.command(deposit("c-1", "A")))

    assert await impatient.finals() == {"c-1": "refused", "c-2": "accepted"}
    assert await impatient.statuses("c-1") == ["waiting", "refused", "refused"]


async def test_crossed_heads_end_at_the_deadline(impatient: Branch) -> None:
    """A waits for what stands behind B, B for what stands behind A."""
    await impatient.take(
        impatient.commands.command(transfer("c-1", "A", "B")),
        impatient.commands.command(transfer("c-2", "B", "A")),
        impatient.commands.command(deposit("c-3", "A")),
        impatient.commands.command(deposit("c-4", "B")),
    )
    for _ in range(4):
        await impatient.intake.expire()
        await impatient.settle()

    assert set((await impatient.finals()).values()) == {"refused"}
    assert await impatient.store.waiting_count() == 0
