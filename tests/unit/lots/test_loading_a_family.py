"""A large family is loaded generation by generation, never lot by lot, and ancestors with their lot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from orestream.contracts.decision import Accepted, Asked, Ref, World
from orestream.lots.genealogy import walk
from orestream.lots.state import KIN
from orestream.mining.app import build
from tests.support.loading import loading
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

    def decide(world: World) -> object:
        return DOMAIN.decide(Asked(last, last.command_id), world)

    assert loading(decide, states, DOMAIN.companions)[1] <= 4
    assert loading(decide, states)[1] > generations


def test_looking_at_each_descendant_loads_once_for_each_generation() -> None:
    def look(world: World) -> list[object]:
        return [world.get(KIN, lot_id) for lot_id in walk(world, "A")]

    looked_at, loads = loading(look, family())

    assert len(looked_at) == sum(PARTS**number for number in range(1, GENERATIONS))
    assert loads == GENERATIONS


def test_all_that_a_mined_lot_asks_for_is_loaded_at_once() -> None:
    mine = Mine()
    _, command = mine.desk.mine("A", "81.000")

    decision, loads = loading(
        lambda world: DOMAIN.decide(Asked(command, command.command_id), world), mine.service.states
    )

    assert isinstance(decision, Accepted)
    assert loads == 1
