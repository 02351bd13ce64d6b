from collections.abc import Iterable
from dataclasses import dataclass

from tests.model.search import Move, search

Edges = dict[str, list[tuple[str, str]]]


@dataclass(frozen=True)
class Drawn:
    """A model given by its edges, from A; a step whose name begins with `!` is a fault."""

    edges: Edges
    end: str = "Z"
    bad: str = ""

    def starts(self) -> Iterable[str]:
        return ["A"]

    def moves(self, state: str) -> Iterable[Move[str]]:
        return [(step, after, step.startswith("!")) for step, after in self.edges.get(state, [])]

    def wrong(self, state: str) -> str | None:
        return "wrong: this state" if state == self.bad else None

    def ended(self, state: str) -> bool:
        return state == self.end


def test_a_wrong_state_is_told_with_a_shortest_way_to_it() -> None:
    edges: Edges = {"A": [("long", "B"), ("short", "C")], "B": [("on", "C")], "C": [("end", "Z")]}
    found = search(Drawn(edges, bad="C")).counterexample
    assert found is not None
    assert (found.kind, found.steps) == ("wrong", ("short",))
    assert str(found) == "wrong: this state\n  1. short"


def test_a_state_that_only_a_fault_leaves_is_stuck() -> None:
    assert search(Drawn({"A": [("on", "B"), ("end", "Z")], "B": [("!crash", "A")]})).kind == "stuck"


def test_states_that_never_come_to_the_end_go_on_for_ever() -> None:
    edges: Edges = {"A": [("on", "B"), ("end", "Z")], "B": [("to", "C")], "C": [("fro", "B")]}
    assert search(Drawn(edges)).kind == "livelock"


def test_a_cycle_is_no_livelock_while_a_step_out_of_it_stays_possible() -> None:
    edges: Edges = {"A": [("to", "B"), ("end", "Z")], "B": [("fro", "A"), ("end", "Z")]}
    assert search(Drawn(edges)).kind == "holds"


def test_a_cycle_is_a_livelock_where_the_step_out_of_it_comes_and_goes() -> None:
    assert search(Drawn({"A": [("to", "B"), ("end", "Z")], "B": [("fro", "A")]})).kind == "livelock"


def test_a_fault_makes_no_livelock() -> None:
    assert search(Drawn({"A": [("!to", "B"), ("end", "Z")], "B": [("fro", "A")]})).kind == "holds"
