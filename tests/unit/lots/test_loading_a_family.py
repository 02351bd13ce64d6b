"""A large family is loaded generation by generation, never lot by lot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orestream.contracts.decision import Ref
from orestream.lots.genealogy import walk
from orestream.lots.state import KIN
from tests.support.mine import Mine

GENERATIONS, PARTS = 4, 3


class NotLoaded(Exception):
    """A decision asked for what is not loaded."""

    def __init__(self, refs: Iterable[Ref]) -> None:
        super().__init__("not loaded")
        self.refs = set(refs)


class Partly:
    """A world of which only a part is loaded."""

    def __init__(self, states: Mapping[Ref, Any], loaded: set[Ref]) -> None:
        self._states = states
        self._loaded = loaded

    def get(self, kind: str, id: str) -> Any | None:  # noqa: A002 - as World names it
        return self.get_all(kind, [id]).get(id)

    def get_all(self, kind: str, ids: Iterable[str]) -> Mapping[str, Any]:
        refs = [Ref(kind, one) for one in ids]
        missing = [ref for ref in refs if ref not in self._loaded]
        if missing:
            raise NotLoaded(missing)
        return {ref.id: self._states[ref] for ref in refs if ref in self._states}


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


def test_looking_at_each_descendant_loads_once_for_each_generation() -> None:
    states, loaded, loads = family(), set[Ref](), 0
    while True:
        world = Partly(states, loaded)
        try:
            looked_at = [world.get(KIN, lot_id) for lot_id in walk(world, "A")]
        except NotLoaded as more:
            loads += 1
            loaded |= more.refs
        else:
            break
    assert len(looked_at) == sum(PARTS**number for number in range(1, GENERATIONS))
    assert loads == GENERATIONS
