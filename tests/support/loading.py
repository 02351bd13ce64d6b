"""A decision as the chassis runs it while only a part of its world is loaded: until nothing is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from orestream.chassis.intake.view import Unloaded, View
from orestream.contracts.decision import Ref, World

T = TypeVar("T")


def _none(_ref: Ref, _state: Any | None) -> Iterable[Ref]:
    return ()


def loading(
    function: Callable[[World], T],
    states: Mapping[Ref, Any],
    companions: Callable[[Ref, Any | None], Iterable[Ref]] = _none,
) -> tuple[T, int]:
    """What a pure function says in the end, and how often it ran in vain for what was not loaded."""
    loaded: dict[Ref, Any] = {}
    vain = 0
    while True:
        try:
            return View(loaded, ()).run(lambda _, world: function(world), None), vain
        except Unloaded as unloaded:
            missing = set(unloaded.refs)
        vain += 1
        while missing:
            loaded |= {ref: states.get(ref) for ref in missing}
            missing = {also for ref in missing for also in companions(ref, loaded[ref])} - loaded.keys()
