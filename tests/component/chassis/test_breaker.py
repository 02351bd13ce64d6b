"""Too many facts that fail stop the service, before any of them is parked, until an operator says go on."""

import pytest

from orestream.chassis.errors import BreakerOpen
from orestream.chassis.intake.setup import BreakerLimits, IntakeLimits
from orestream.chassis.records import Fetched
from tests.support.branch import Branch
from tests.support.toy_domain import RATES, opening, rate

IN_A_ROW = BreakerLimits(run=3, window=200, ratio=1.0)
OF_THE_LAST = BreakerLimits(run=200, window=10, ratio=0.3)


def broken(branch: Branch, currency: str) -> Fetched:
    return branch.rates.fact(rate(currency), value=b"{")


def limited(branch: Branch, breaker: BreakerLimits) -> Branch:
    branch.limits = IntakeLimits(breaker=breaker)
    branch.intake = branch.another()
    return branch


async def parked(branch: Branch) -> list[str]:
    return [one.key for one in await branch.store.parked_list()]


async def test_too_many_failures_in_a_row_park_nothing_of_their_batch(branch: Branch) -> None:
    limited(branch, IN_A_ROW)
    await branch.take(broken(branch, "A"), broken(branch, "B"))

    with pytest.raises(BreakerOpen, match=f"3 facts in a row failed.*{RATES}/0/2"):
        await branch.take(branch.commands.command(opening("c-1", "A")), broken(branch, "C"))

    assert await parked(branch) == ["A", "B"]
    assert await branch.answers() == []
    assert await branch.next_offset(RATES) == 2


async def test_a_fact_that_passes_ends_the_row(branch: Branch) -> None:
    limited(branch, IN_A_ROW)

    for name in ("A", "B", "C"):
        await branch.take(broken(branch, name), broken(branch, name + "2"), branch.rates.fact(rate("EUR")))

    assert len(await parked(branch)) == 6


async def test_a_share_of_the_last_facts_failing_trips_it_too(branch: Branch) -> None:
    limited(branch, OF_THE_LAST)
    await branch.take(*[branch.rates.fact(rate(f"C{i}")) for i in range(8)])
    await branch.take(broken(branch, "A"), branch.rates.fact(rate("EUR")), broken(branch, "B"))

    with pytest.raises(BreakerOpen, match="3 of the last 10 facts failed"):
        await branch.take(broken(branch, "C"))

    assert await parked(branch) == ["A", "B"]


async def test_a_window_that_is_not_full_says_nothing_about_a_share(branch: Branch) -> None:
    limited(branch, OF_THE_LAST)

    await branch.take(*[broken(branch, f"A{i}") for i in range(4)])

    assert len(await parked(branch)) == 4


async def test_followers_are_no_failures_of_their_own(branch: Branch) -> None:
    limited(branch, IN_A_ROW)

    await branch.take(broken(branch, "A"), *[branch.rates.fact(rate("A")) for _ in range(5)])

    assert len(await parked(branch)) == 6


async def test_an_open_breaker_is_remembered_and_every_intake_refuses_to_work(branch: Branch) -> None:
    await _trip(branch)

    why = await branch.store.breaker()
    assert why is not None
    assert why.startswith("3 facts in a row failed")
    with pytest.raises(BreakerOpen, match="3 facts in a row"):
        await branch.another().take([branch.commands.command(opening("c-1", "A"))], branch.places)
    assert await branch.next_offset() == 0


async def test_closing_the_breaker_lets_the_service_go_on_and_count_anew(branch: Branch) -> None:
    failing = await _trip(branch)

    await branch.store.close_breaker()
    await branch.take(failing, branch.commands.command(opening("c-1", "Z")))

    assert await branch.store.breaker() is None
    assert await parked(branch) == ["A", "B", "C"]
    assert await branch.finals() == {"c-1": "accepted"}


async def test_the_first_reason_stays(branch: Branch) -> None:
    await branch.store.open_breaker("the first")
    await branch.store.open_breaker("the second")

    assert await branch.store.breaker() == "the first"


async def test_a_transaction_that_was_not_committed_does_not_count(branch: Branch) -> None:
    """The same two failures, read again after a fall-back, are not four."""
    limited(branch, IN_A_ROW)
    first, second = broken(branch, "A"), broken(branch, "B")
    hole = branch.rates.fact(rate("EUR"), sequence=9)

    moved = await branch.take(first, second, hole)

    assert len(moved.halted) == 1
    assert await parked(branch) == ["A", "B"]


async def _trip(branch: Branch) -> Fetched:
    """The third failure in a row, each in a batch of its own; it was not taken."""
    limited(branch, IN_A_ROW)
    await branch.take(broken(branch, "A"))
    await branch.take(broken(branch, "B"))
    failing = broken(branch, "C")
    with pytest.raises(BreakerOpen):
        await branch.take(failing)
    return failing
