"""Commands for the profile of mining: lots mined at sources that are registered before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

from tests.bench.events import Input
from tests.bench.traffic import lots, sources
from tests.bench.watching import Outgoing
from tests.support.desk import Desk


def mining() -> tuple[list[Input], Callable[[int], Iterator[Input]]]:
    """What comes first, and a feed of `MineLot`: called with a number, it gives so many more."""
    desk = Desk("bench")
    first = [_input(one) for one in sources(desk)]
    numbers = count()

    def feed(wanted: int) -> Iterator[Input]:
        for _ in range(wanted):
            yield from map(_input, lots(desk, next(numbers), 1))

    return first, feed


def _input(one: Outgoing) -> Input:
    return Input(one.partition, one.key, tuple(one.headers), one.value)
