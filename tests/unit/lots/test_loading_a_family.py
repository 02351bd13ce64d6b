"""A large family is loaded generation by generation, never lot by lot, and ancestors with their lot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from orestream.contracts.decision import Asked, Ref
from orestream.lots.genealogy import walk
from orestream.lots.state import KIN
from orestream.mining.app import build
from tests.support.loading import Loading, Missing
from tests.support.mine import Mine

GENERATIONS, PARTS = 4, 3
DOMAIN = build()


def family() -> Mapping[Ref, Any]:
    """One lot, split into parts, each of them split again."""
    mine = Mine()
    mine.accept(mine.desk.mine("A", "81.000"))
    generation, kg = ["A"], 81
    for _ in range(GENERATIONS - 1):
        kg //= PARTS
        born: list[str] = []
        for parent in generation:
            parts = {f"{parent}.{number}": f"{kg}.000" for number in range(PARTS)}
            mine.accept(mine.desk.split(parent, parts))
            born += parts
        generation = born
    return mine.service.states


def times_loaded(decide: Callable[[Loading], object], states: Mapping[Ref, Any], *, companions: bool) -> int:
    """How often a decision is run in vain for what is not loaded."""
    loaded: set[Ref] = set()
    loads = 0
    while True:
        try:
            decide(Loading(states, loaded))
        except Missing as more:
            loads += 1
            missing = more.refs
            while missing:
                loaded |= missing
                also = {ref for one in missing for ref in DOMAIN.companions(one, states.get(one))}
                missing = also - loaded if companions else set()
        else:
            return loads


@pytest.mark.parametrize("generations", [2, 4, 12])
def test_a_decision_is_run_again_as_seldom_however_many_ancestors_there_are(generations: int) -> None:
    mine = Mine()
    lot_id, kg = "A", 2**generations
    mine.accept(mine.desk.mine(lot_id, f"{kg}.000"))
    for _ in range(generations - 1):
        kg //= 2
        mine.accept(mine.desk.split(lot_id, {f"{lot_id}.1": f"{kg}.000"}))
        lot_id += ".1"
    _, last = mine.desk.split(lot_id, {"PART": "1.000"})
    states = mine.service.states

    def decide(world: Loading) -> object:
        return DOMAIN.decide(Asked(last, last.command_id), world)

    assert times_loaded(decide, states, companions=True) <= 4
    assert times_loaded(decide, states, companions=False) > generations


def test_looking_at_each_descendant_loads_once_for_each_generation() -> None:
    states, loaded, loads = family(), set[Ref](), 0
    while True:
        world = Loading(states, loaded)
        try:
            looked_at = [world.get(KIN, lot_id) for lot_id in walk(world, "A")]
        except Missing as more:
            loads += 1
            loaded |= more.refs
        else:
            break
    assert len(looked_at) == sum(PARTS**number for number in range(1, GENERATIONS))
    assert loads == GENERATIONS
