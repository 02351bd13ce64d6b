"""Exact masses, and a book of where they are: each kilogram is of a tree of lots and lies in one place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

GRAM = Decimal("0.001")
NOTHING = Decimal("0.000")

IN_HAND = "in-hand"
TO_BE_BORN = "to-be-born"
WITHIN_A_DECISION = (IN_HAND, TO_BE_BORN)
"""Places that must be empty when a decision ends: drawn and not gone in, gone in and not come out."""

Place = tuple[str, ...]
"""What kind of place, and its names: `("stock", "mining", "LOT-1")`."""


def kg(text: str | None) -> Decimal:
    """A stated mass; an absent one is nothing."""
    return NOTHING if text is None else Decimal(text)


def stated(mass: Decimal) -> Decimal:
    """As masses are stated: three decimals, half to even."""
    return mass.quantize(GRAM, ROUND_HALF_EVEN)


def dry(wet: Decimal, moisture_pct: str) -> Decimal:
    """The dry mass of a wet one."""
    return stated(wet * (100 - Decimal(moisture_pct)) / 100)


def net(tickets: list[Mapping[str, Any]]) -> Decimal:
    """What weighbridge tickets weighed together."""
    return sum((stated(kg(one["gross_kg"])) - stated(kg(one["tare_kg"])) for one in tickets), NOTHING)


@dataclass(slots=True)
class Book:
    """Masses by place, and by tree what has entered the world less what lies in places: always nothing.

    A tree is everything that is joined by parentage; two join where their lots are blended.
    """

    lying: dict[Place, Decimal] = field(default_factory=lambda: defaultdict(lambda: NOTHING))
    _above: dict[str, str] = field(default_factory=dict)
    _open: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: NOTHING))
    _touched: set[Place] = field(default_factory=set)

    def join(self, one: str, other: str) -> None:
        """Both belong to one tree."""
        root, joined = self.tree(one), self.tree(other)
        if root != joined:
            self._above[joined] = root
            self._open[root] += self._open.pop(joined, NOTHING)

    def tree(self, name: str) -> str:
        """The tree that a lot or batch belongs to."""
        path = []
        while (above := self._above.get(name, name)) != name:
            path.append(name)
            name = above
        for passed in path:
            self._above[passed] = name
        return name

    def enter(self, lot: str, mass: Decimal) -> None:
        """Mined, or found by weighing; negative where it was lost."""
        self._open[self.tree(lot)] += mass

    def put(self, place: Place, mass: Decimal, lot: str | None = None) -> None:
        """More in a place, or less; the last name of a place is its lot unless one is named."""
        self.lying[place] += mass
        self._touched.add(place)
        self._open[self.tree(lot or place[-1])] -= mass

    def settle(self) -> Iterator[str]:
        """What does not add up by now. Each is said once: the book goes on as if it did."""
        for place in [place for place in self._touched if place[0] in WITHIN_A_DECISION]:
            self._touched.discard(place)
            if mass := self.lying.pop(place):
                yield f"{mass} kg meant for {place[-1]} never became anything"
                self.enter(place[-1], -mass)
        for tree, mass in list(self._open.items()):
            if mass:
                way = "comes from nowhere" if mass < 0 else "is nowhere"
                yield f"{abs(mass)} kg of the tree of {tree} {way}"
            del self._open[tree]
        for place in self._touched:
            if self.lying[place] < 0:
                yield f"{self.lying[place]} kg in {' '.join(place)}"
        self._touched.clear()
