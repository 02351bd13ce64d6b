"""Drawing on stock (R03), and what newborn lots take from those they were drawn from (R04)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from orestream.contracts.decision import Ref, Refused, Waits, World
from orestream.contracts.lots import LotDrawn
from orestream.contracts.parts import Origin, Parent
from orestream.lots.rules import R01, R03, R04, refused
from orestream.lots.state import ASSAYS, KIN, LOT, Departed, Early, Expected, InStock, Lot
from orestream.lots.tables import RuleTable
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
        case None | Early():
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
    """An id is given once (R04): within a command, within a service, against the facts it has read.

    The lots themselves, which are folded when they are born, are loaded along.
    """
    twice = sorted(one for one, times in Counter(lot_ids).items() if times > 1)
    kin = world.get_all(KIN, lot_ids)
    world.get_all(LOT, lot_ids)
    known = sorted(one for one in kin if kin[one].birth is not None)
    if not twice and not known:
        return None
    why = f"the id {', '.join(twice or known)} is taken; give the new lot an id of its own"
    return refused(R04, why, lot_id=twice or known)


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


def _has_left(lot: Departed) -> Refused:
    why = f"{lot.id} left for {lot.to} at {lot.despatched_at:%Y-%m-%d %H:%M} UTC; nothing of it is here"
    return refused(R03, why, lot_id=lot.id, to=lot.to)
