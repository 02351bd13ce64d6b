"""Walking the genealogy: ancestors, descendants, and the holds that reach a lot through them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from orestream.contracts.decision import Ref, Waits, World
from orestream.lots.state import HOLD, KIN, Hold, Kin

ASSAY = "assay"


@dataclass(frozen=True, slots=True)
class Ancestry:
    """A lot with all that it was made of, as far as this service has read."""

    lot_id: str
    kin: Mapping[str, Kin]
    """The lot and its ancestors, those of whom something is known."""
    unknown: tuple[str, ...]
    """Those whose birth has not been read yet: what they were made of is not known either."""


def ancestors(world: World, lot_id: str) -> Ancestry:
    """The lot and everything it was made of, generation by generation."""
    found: dict[str, Kin] = {}
    unknown: list[str] = []
    generation: list[str] = [lot_id]
    seen = {lot_id}
    while generation:
        kin_of = world.get_all(KIN, generation)
        found |= kin_of
        unknown += [one for one in generation if one not in kin_of or kin_of[one].birth is None]
        parents = {parent.lot_id for kin in kin_of.values() for parent in kin.parents}
        generation = sorted(parents - seen)
        seen |= parents
    return Ancestry(lot_id, found, tuple(sorted(unknown)))


def descendants(world: World, lot_id: str, hold: Hold | None = None) -> tuple[str, ...]:
    """Everything made from a lot, itself not included; with an assay's hold, what relies on it alone."""
    return tuple(walk(world, lot_id, hold))


def walk(world: World, lot_id: str, hold: Hold | None = None) -> Iterator[str]:
    """The descendants, generation by generation, each generation loaded whole before any of it is named.

    Whoever looks at one after the other would otherwise have a decision run again for each.
    """
    seen = {lot_id}
    generation = [lot_id]
    while generation:
        kin_of = world.get_all(KIN, generation)
        children = sorted({child for kin in kin_of.values() for child in kin.children} - seen)
        seen |= set(children)
        child_kin = world.get_all(KIN, children)
        if hold is not None and hold.cause == ASSAY:
            children = [c for c in children if c in child_kin and passes(hold, child_kin[c])]
        yield from children
        generation = children


def passes(hold: Hold, child: Kin) -> bool:
    """Whether a hold goes from a lot to its child: always, but that of an assay only with its certificate."""
    return hold.cause != ASSAY or hold.certificate in child.certificates


def holds_on(world: World, lot_id: str, ancestry: Ancestry | None = None) -> tuple[Hold, ...]:
    """Every hold, lifted ones included, on the lot itself or reaching it from an ancestor; by id."""
    ancestry = ancestry or ancestors(world, lot_id)
    named = {hold_id for kin in ancestry.kin.values() for hold_id in kin.holds}
    holds = world.get_all(HOLD, sorted(named))
    return tuple(hold for _, hold in sorted(holds.items()) if _reaches(hold, ancestry))


def in_force(holds: Iterable[Hold], at: datetime) -> tuple[Hold, ...]:
    """Those that hold at a moment."""
    return tuple(hold for hold in holds if hold.in_force(at))


def holds_in_force(world: World, lot_id: str, at: datetime) -> tuple[Hold, ...] | Waits:
    """What holds a lot at a moment (R30); waits until everything it was made of is known."""
    ancestry = ancestors(world, lot_id)
    if ancestry.unknown:
        needs = tuple(Ref(KIN, one) for one in ancestry.unknown)
        return Waits(needs, f"the origin of {', '.join(ancestry.unknown)} has not been read yet")
    return in_force(holds_on(world, lot_id, ancestry), at)


def _reaches(hold: Hold, ancestry: Ancestry) -> bool:
    """Down from every lot it was put on, along the edges it goes along, to the lot."""
    reached = {lot_id for lot_id, kin in ancestry.kin.items() if hold.id in kin.holds}
    if hold.cause != ASSAY:
        return bool(reached)
    waiting = list(reached)
    while waiting and ancestry.lot_id not in reached:
        for child in ancestry.kin[waiting.pop()].children:
            kin = ancestry.kin.get(child)
            if kin is not None and child not in reached and passes(hold, kin):
                reached.add(child)
                waiting.append(child)
    return ancestry.lot_id in reached
