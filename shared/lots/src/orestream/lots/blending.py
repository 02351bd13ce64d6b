"""Parts of lots become one new lot, whose book is their sum (R03, R04, R11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from orestream.contracts.decision import Decision, Refused, Waits, World
from orestream.contracts.lots import BlendLots, LotBlended
from orestream.lots.results import DryResults, results_at, results_of
from orestream.lots.rules import R01, R04, R11, refused
from orestream.lots.state import InStock
from orestream.lots.stock import Draw, check_new_ids, draw, find_stock, merged_origins, parents_of
from orestream.lots.tables import RuleTable, Tables
from orestream.lots.telling import accepted
from orestream.lots.weighing import check_masses
from orestream.lots.words import check_material
from orestream.metallurgy import blending


def blend(command: BlendLots, world: World, service: str, tables: Tables) -> Decision:
    """Parts of lots become one lot; its book is their sum."""
    rules = tables.at(command.occurred_at)
    wrong = check_material(command.material, rules) or check_masses(command.parts) or _check_once(command)
    if wrong is not None:
        return wrong
    taken = _check_blend_id(command, world)
    if taken is not None:
        return taken
    lots = find_stock(world, [part.lot_id for part in command.parts])
    if isinstance(lots, Refused | Waits):
        return lots
    draws = _draws(command, lots, rules)
    if isinstance(draws, Refused):
        return draws
    stranger = _check_blend_material(command, lots)
    if stranger is not None:
        return stranger
    books = [results_at(world, lots[one.lot_id], command.occurred_at) for one in draws]
    blended = _blended(command, lots, draws, books)
    facts = [blended, *(one.fact("blend", command.lot_id) for one in draws)]
    return accepted(world, service, facts, command.occurred_at)


def _draws(command: BlendLots, lots: Mapping[str, InStock], rules: RuleTable) -> list[Draw] | Refused:
    draws: list[Draw] = []
    for part in command.parts:
        drawn = draw(lots[part.lot_id], [part.wet_kg], rules)
        if isinstance(drawn, Refused):
            return drawn
        draws += drawn
    return draws


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
