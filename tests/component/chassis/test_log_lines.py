"""What an operator must see is logged with the place, key and correlation of its record."""

import pytest
from structlog.testing import capture_logs

from orestream.chassis.errors import BreakerOpen
from orestream.chassis.intake.setup import BreakerLimits, IntakeLimits
from orestream.chassis.logs import Event
from tests.support.branch import Branch
from tests.support.toy_domain import RATES, rate


def place(offset: int, key: str, correlation_id: str) -> dict[str, object]:
    return {
        "topic": RATES,
        "partition": 0,
        "offset": offset,
        "key": key,
        "correlation_id": correlation_id,
    }


async def test_a_parked_record_is_warned_of_and_what_follows_it_is_told(branch: Branch) -> None:
    with capture_logs() as lines:
        await branch.take(branch.rates.fact(rate("EUR"), value=b"{"), branch.rates.fact(rate("EUR")))

    failing, follower = lines
    reason = failing.pop("reason")
    assert failing == {
        "event": Event.RECORD_PARKED,
        "log_level": "warning",
        **place(0, "EUR", "because-1"),
        "attempts": 1,
        "behind": None,
    }
    assert reason.startswith("value: ")
    assert (follower["log_level"], follower["behind"], follower["offset"]) == ("info", "EUR", 1)


async def test_a_record_that_fails_again_is_warned_of_again(branch: Branch) -> None:
    branch.bank.faulty.add("EUR")
    await branch.take(branch.rates.fact(rate("EUR", bad=True)))
    await branch.store.parked_retry("EUR")

    with capture_logs() as lines:
        await branch.settle()

    assert [(line["event"], line["attempts"]) for line in lines] == [(Event.RECORD_PARKED, 6)]


async def test_the_record_that_trips_the_breaker_is_named(branch: Branch) -> None:
    branch.limits = IntakeLimits(breaker=BreakerLimits(run=2))
    branch.intake = branch.another()

    with capture_logs() as lines, pytest.raises(BreakerOpen):
        await branch.take(*[branch.rates.fact(rate(name), value=b"{") for name in ("EUR", "USD")])

    (line,) = lines
    why = line.pop("why")
    assert line == {
        "event": Event.BREAKER_TRIPPED,
        "log_level": "error",
        **place(1, "USD", "because-2"),
    }
    assert why.startswith("2 facts in a row failed")


async def test_nothing_is_said_of_what_was_not_committed(branch: Branch) -> None:
    """The hole is found after the broken fact is set aside; that is told once, when it is committed."""
    with capture_logs() as lines:
        moved = await branch.take(
            branch.rates.fact(rate("EUR"), value=b"{"), branch.rates.fact(rate("USD"), sequence=9)
        )

    assert len(moved.halted) == 1
    assert [line["offset"] for line in lines] == [0]
