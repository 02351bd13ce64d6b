"""States are the fold of the facts, in whichever order a database that is taken back reads them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any

import pytest

from orestream.contracts.decision import Domain, Happened, Ref
from orestream.contracts.message import Command
from orestream.contracts.registry import decode
from orestream.contracts.topics import FACTS_READ, topic_of_fact
from orestream.export.app import build as export
from orestream.mining.app import build as mining
from orestream.processing.app import build as processing
from tests.chaos.workload.sending import Sending
from tests.chaos.workload.workload import Workload, plain
from tests.support.chain import commands
from tests.support.worlds import PureChain, Whim, parse
from tests.unit.test_interleavings import said

SERVICES = ("mining", "processing", "export")


def folded(domain: Domain, facts: Iterable[Happened]) -> dict[Ref, Any]:
    states: dict[Ref, Any] = {}
    for happened in facts:
        for ref in domain.changes(happened):
            states[ref] = domain.evolve(ref, states.get(ref), happened)
    return states


def both(chain: PureChain, service: str) -> tuple[list[Happened], list[Happened]]:
    """A service's own facts, and those of others that it reads."""
    others = [
        happened
        for name, other in chain.services.items()
        if name != service
        for happened in other.facts
        if topic_of_fact(name, type(happened.fact).__name__) in FACTS_READ[service]
    ]
    return chain.services[service].facts, others


@cache
def told(story: str, seed: int) -> PureChain:
    """All three services after a story, taken in an order of chance."""
    chain = PureChain((mining(), processing(), export()), Whim(seed))
    chain.run(STORIES[story]())
    return chain


def rich(seed: int, count: int) -> Iterator[tuple[str, Command]]:
    """Commands of the chaos suite's workload, many of which are refused or draw on one stockpile."""
    for sending in islice(Workload(seed, "main"), count):
        if sending.kind == "command":
            yield sending.service, decode_command(sending)


def decode_command(sending: Sending) -> Command:
    _, command = decode(sending.key, sending.headers, sending.value)
    assert isinstance(command, Command)
    return command


STORIES: dict[str, Callable[[], Iterable[tuple[str, Command]]]] = {
    "the example": lambda: [parse(one) for one in commands()],
    "splits, blends and holds": said,
    "smooth trade": lambda: [
        (sending.service, decode_command(sending)) for sending in plain(5, 400, through=SERVICES)
    ],
    "rough trade": lambda: rich(7, 500),
}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("story", STORIES)
def test_own_facts_first_or_last_or_mixed_give_the_same_states_if_each_key_keeps_its_order(
    story: str, service: str
) -> None:
    for seed in range(2):
        chain = told(story, seed)
        own, others = both(chain, service)
        domain, expected = chain.services[service].domain, chain.services[service].states
        assert folded(domain, [*own, *others]) == expected
        assert folded(domain, [*others, *own]) == expected
        chance = random.Random(seed)
        for _ in range(5):
            first, second = by_key(own, chance), by_key(others, chance)
            assert folded(domain, [*first, *second]) == expected
            assert folded(domain, [*second, *first]) == expected
            assert folded(domain, mixed(first, second, chance)) == expected


def by_key(facts: list[Happened], chance: random.Random) -> list[Happened]:
    """Those of one key in their order, as they stand in a partition; else any."""
    keys = [happened.fact.key for happened in facts]
    chance.shuffle(keys)
    own = {key: iter([one for one in facts if one.fact.key == key]) for key in set(keys)}
    return [next(own[key]) for key in keys]


def mixed(own: list[Happened], others: list[Happened], chance: random.Random) -> list[Happened]:
    """Each in its own order."""
    picks = [True] * len(own) + [False] * len(others)
    chance.shuffle(picks)
    first, second = iter(own), iter(others)
    return [next(first if pick else second) for pick in picks]
