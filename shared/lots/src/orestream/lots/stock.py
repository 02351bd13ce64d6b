"""Drawing on stock (R03), and the two births that only move it: splits and blends (R04, R11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from orestream.contracts.decision import Accepted, Decision, Ref, Refused, Waits, World
from orestream.contracts.lots import BlendLots, LotBlended, LotDrawn, LotSplit, SplitLot
from orestream.contracts.parts import Origin, Parent, WetPart
from orestream.lots.results import DryResults, results_at, results_of
from orestream.lots.rules import R01, R03, R04, R11, refused
from orestream.lots.state import ASSAYS, KIN, LOT, Departed, Expected, InStock, Lot
from orestream.lots.tables import RuleTable, Tables
from orestream.lots.telling import with_consequences
from orestream.lots.weighing import check_mass
from orestream.lots.words import check_material
from orestream.metallurgy import blending
from orestream.metallurgy.quantities import HUNDRED, dry_kg, exactly, kg, total_kg

Purpose = Literal["split", "blend", "batch"]


@dataclass(frozen=True, slots=True)
class Draw:
    """A mass taken from a lot, and how much more it is than there was, kg."""

    lot_id: str
    wet_kg: Decimal
    dry_kg: Decimal
    difference_dry_kg: Decimal | None = None

    def fact(self, purpose: Purpose, into: str) -> LotDrawn:
        """What is told of it."""
        return LotDrawn(
            lot_id=self.lot_id,
            purpose=purpose,
            into=into,
            wet_kg=self.wet_kg,
            dry_kg=self.dry_kg,
            difference_dry_kg=self.difference_dry_kg,
        )


def find_stock(world: World, lot_ids: Iterable[str]) -> dict[str, InStock] | Waits | Refused:
    """The lots in stock, in the order asked for.

    Waits for those that another key's step brings: unknown ones, and ones that are despatched here and
    not received. A lot that has left is refused. Their assays are loaded with them, all at once.
    """
    wanted = list(dict.fromkeys(lot_ids))
    lots: Mapping[str, Lot] = world.get_all(LOT, wanted)
    world.get_all(ASSAYS, wanted)
    gone = [lot for lot in lots.values() if isinstance(lot, Departed)]
    if gone:
        return _has_left(gone[0])
    missing = [lot_id for lot_id in wanted if not isinstance(lots.get(lot_id), InStock)]
    if missing:
        expected = [lot_id for lot_id in missing if lot_id in lots]
        why = (
            f"{', '.join(missing)} not known here yet"
            if not expected
            else f"{', '.join(missing)} not received yet"
        )
        return Waits(tuple(Ref(LOT, lot_id) for lot_id in missing), why)
    return {lot_id: lot for lot_id in wanted if isinstance(lot := lots[lot_id], InStock)}


def own_stock(world: World, lot_id: str) -> InStock | Waits | Refused:
    """The lot that a command is about, in stock.

    Waits while it is unknown; refuses what only a later command of its own key would bring.
    """
    lot: Lot | None = world.get(LOT, lot_id)
    match lot:
        case None:
            return Waits((Ref(LOT, lot_id),), f"{lot_id} not known here yet")
        case Expected():
            why = f"{lot_id} was despatched here and is not received completely; record its receipt first"
            return refused(R03, why, lot_id=lot_id)
        case Departed():
            return _has_left(lot)
        case InStock():
            return lot


def draw(
    lot: InStock, wets_kg: Sequence[Decimal], rules: RuleTable, moisture_pct: Decimal | None = None
) -> tuple[Draw, ...] | Refused:
    """Masses taken from a lot together, counted dry, at the lot's moisture unless stated.

    The last draw may exceed the stock by the scale's tolerance, once; the excess is a weighing difference.
    """
    moisture = lot.moisture_pct if moisture_pct is None else moisture_pct
    dry = [dry_kg(wet, moisture) for wet in wets_kg]
    if not all(dry):
        why = f"a part of {lot.id} at {moisture} % moisture is no gram of solids"
        return refused(R01, why, lot_id=lot.id, wet_kg=wets_kg)
    wanted, tolerance = total_kg(dry), scale_tolerance_kg(lot, rules)
    if lot.stock_dry_kg <= 0 or wanted > lot.stock_dry_kg + tolerance:
        why = (
            f"{wanted} kg dry asked of {lot.id}, which has {lot.stock_dry_kg} kg dry left"
            f" (scale's tolerance {tolerance} kg); draw less, or correct the weight"
        )
        return refused(R03, why, lot_id=lot.id, asked_dry_kg=wanted, stock_dry_kg=lot.stock_dry_kg)
    draws: list[Draw] = []
    left = lot.stock_dry_kg
    for wet, mass in zip(wets_kg, dry, strict=True):
        over = mass - left
        draws.append(Draw(lot.id, kg(wet), mass, over if over > 0 else None))
        left = max(left - mass, Decimal("0.000"))
    return tuple(draws)


@exactly
def scale_tolerance_kg(lot: InStock, rules: RuleTable) -> Decimal:
    """By how much a last draw may exceed the stock, kg dry."""
    return kg(lot.entered_dry_kg * rules.figure("scale_pct") / HUNDRED)


def check_new_ids(lot_ids: Sequence[str], world: World) -> Refused | None:
    """An id is given once (R04): within a command, within a service, against the facts it has read."""
    twice = sorted(one for one, times in Counter(lot_ids).items() if times > 1)
    kin = world.get_all(KIN, lot_ids)
    known = sorted(one for one in kin if kin[one].birth is not None)
    if not twice and not known:
        return None
    why = f"the id {', '.join(twice or known)} is taken; give the new lot an id of its own"
    return refused(R04, why, lot_id=twice or known)


def split(command: SplitLot, world: World, service: str, tables: Tables) -> Decision:
    """Parts become lots; the rest stays in the parent."""
    wrong = _check_masses(command.parts)
    if wrong is not None:
        return wrong
    parent = own_stock(world, command.lot_id)
    if isinstance(parent, Waits):
        return parent
    taken = check_new_ids([part.lot_id for part in command.parts], world)
    if taken is not None:
        return taken
    if isinstance(parent, Refused):
        return parent
    draws = draw(parent, [part.wet_kg for part in command.parts], tables.at(command.occurred_at))
    if isinstance(draws, Refused):
        return draws
    inherits = results_at(world, parent, command.occurred_at)
    pairs = list(zip(command.parts, draws, strict=True))
    facts = [one.fact("split", part.lot_id) for part, one in pairs]
    births = [_child(part.lot_id, parent, one, inherits) for part, one in pairs]
    return Accepted(with_consequences(world, service, [*facts, *births], command.occurred_at))


def _child(lot_id: str, parent: InStock, drawn: Draw, inherits: DryResults) -> LotSplit:
    return LotSplit(
        lot_id=lot_id,
        material=parent.material,
        mineral=parent.mineral,
        wet_kg=drawn.wet_kg,
        moisture_pct=parent.moisture_pct,
        dry_kg=drawn.dry_kg,
        results=inherits.results,
        certificates=inherits.certificates,
        parents=(Parent(lot_id=parent.id, dry_kg=drawn.dry_kg, share=Decimal(1)),),
        origins=parent.origins,
        synthetic=parent.synthetic,
    )


def blend(command: BlendLots, world: World, service: str, tables: Tables) -> Decision:
    """Parts of lots become one lot; its book is their sum."""
    rules = tables.at(command.occurred_at)
    wrong = check_material(command.material, rules) or _check_masses(command.parts) or _check_once(command)
    if wrong is not None:
        return wrong
    taken = _check_blend_id(command, world)
    if taken is not None:
        return taken
    lots = find_stock(world, [part.lot_id for part in command.parts])
    if isinstance(lots, Refused | Waits):
        return lots
    draws: list[Draw] = []
    for part in command.parts:
        drawn = draw(lots[part.lot_id], [part.wet_kg], rules)
        if isinstance(drawn, Refused):
            return drawn
        draws += drawn
    stranger = _check_blend_material(command, lots)
    if stranger is not None:
        return stranger
    books = [results_at(world, lots[one.lot_id], command.occurred_at) for one in draws]
    blended = _blended(command, lots, draws, books)
    facts = [blended, *(one.fact("blend", command.lot_id) for one in draws)]
    return Accepted(with_consequences(world, service, facts, command.occurred_at))


def _blended(
    command: BlendLots, lots: Mapping[str, InStock], draws: Sequence[Draw], books: Sequence[DryResults]
) -> LotBlended:
    book = blending.blend(
        [blending.Part(one.wet_kg, one.dry_kg, of.grades) for one, of in zip(draws, books, strict=True)]
    )
    minerals = {lots[one.lot_id].mineral for one in draws}
    return LotBlended(
        lot_id=command.lot_id,
        material=command.material,
        mineral=minerals.pop() if len(minerals) == 1 else None,
        wet_kg=book.wet_kg,
        moisture_pct=book.moisture_pct,
        dry_kg=book.dry_kg,
        results=results_of(book.grades),
        certificates=tuple(sorted({paper for of in books for paper in of.certificates})),
        parents=parents_of(draws),
        origins=merged_origins((one.dry_kg, lots[one.lot_id].origins) for one in draws),
        synthetic=any(lots[one.lot_id].synthetic for one in draws),
    )


def parents_of(draws: Iterable[Draw]) -> tuple[Parent, ...]:
    """What went into a newborn lot: dry kg, and share of all that went in (four decimals, together 1)."""
    masses: dict[str, Decimal] = {}
    for one in draws:
        masses[one.lot_id] = masses.get(one.lot_id, Decimal("0.000")) + one.dry_kg
    shares = blending.shares(masses)
    return tuple(Parent(lot_id=lot_id, dry_kg=masses[lot_id], share=shares[lot_id]) for lot_id in masses)


def merged_origins(parts: Iterable[tuple[Decimal, tuple[Origin, ...]]]) -> tuple[Origin, ...]:
    """Every source of the parts with its share of the whole, weighted by dry mass; by source id."""
    weighed = list(parts)
    known = {origin.source_id: origin for _, origins in weighed for origin in origins}
    shares = blending.merged_shares(
        (mass, {origin.source_id: origin.share for origin in origins}) for mass, origins in weighed
    )
    return tuple(known[one].model_copy(update={"share": shares[one]}) for one in sorted(known))


def _check_masses(parts: Iterable[WetPart]) -> Refused | None:
    return next(
        (wrong for part in parts if (wrong := check_mass(f"part {part.lot_id}", part.wet_kg)) is not None),
        None,
    )


def _check_once(command: BlendLots) -> Refused | None:
    counted = Counter(part.lot_id for part in command.parts)
    twice = sorted(lot_id for lot_id, times in counted.items() if times > 1)
    if not twice:
        return None
    why = f"{', '.join(twice)} stands in the blend twice; name each lot once, with its whole mass"
    return refused(R01, why, lot_id=twice)


def _check_blend_id(command: BlendLots, world: World) -> Refused | None:
    if any(part.lot_id == command.lot_id for part in command.parts):
        why = f"{command.lot_id} cannot be made of itself; give the blend an id of its own"
        return refused(R04, why, lot_id=command.lot_id)
    return check_new_ids([command.lot_id], world)


def _check_blend_material(command: BlendLots, lots: Mapping[str, InStock]) -> Refused | None:
    materials = sorted({lot.material for lot in lots.values()})
    if command.material in materials:
        return None
    why = f"a blend of {', '.join(materials)} is no {command.material}: blending makes no other material"
    return refused(R11, why, material=command.material, parts=materials)


def _has_left(lot: Departed) -> Refused:
    why = f"{lot.id} left for {lot.to} at {lot.despatched_at:%Y-%m-%d %H:%M} UTC; nothing of it is here"
    return refused(R03, why, lot_id=lot.id, to=lot.to)
