"""States are the fold of the facts, in whichever order a database that is taken back reads them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest

from orestream.contracts.decision import Domain, Happened, Ref
from orestream.contracts.topics import FACTS_READ, topic_of_fact
from orestream.export.app import build as export
from orestream.mining.app import build as mining
from orestream.processing.app import build as processing
from tests.support.chain import commands
from tests.support.worlds import PureChain, Whim, parse


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


@pytest.mark.parametrize("service", ["mining", "processing", "export"])
def test_own_facts_first_or_last_or_mixed_give_the_same_states(service: str) -> None:
    for seed in range(3):
        chain = PureChain((mining(), processing(), export()), Whim(seed))
        chain.run(parse(one) for one in commands())
        own, others = both(chain, service)
        domain = chain.services[service].domain
        expected = chain.services[service].states
        assert folded(domain, [*own, *others]) == expected
        assert folded(domain, [*others, *own]) == expected
        chance = random.Random(seed)
        for _ in range(10):
            assert folded(domain, mixed(own, others, chance)) == expected


def mixed(own: list[Happened], others: list[Happened], chance: random.Random) -> list[Happened]:
    """Each in its own order."""
    picks = [True] * len(own) + [False] * len(others)
    chance.shuffle(picks)
    first, second = iter(own), iter(others)
    return [next(first if pick else second) for pick in picks]
