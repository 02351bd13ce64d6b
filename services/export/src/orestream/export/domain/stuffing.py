"""Lots go into a container, which is sealed: no more of a lot than is allocated, and past the gates."""

from __future__ import annotations

from dataclasses import replace

from orestream.contracts.decision import Accepted, Decision, Refused, Waits, World
from orestream.contracts.export import StuffContainer
from orestream.contracts.parts import WetPart
from orestream.contracts.shipments import ContainerStuffed, StuffedPart
from orestream.export.domain import casework, containers, gates, judging, shipment
from orestream.export.domain.casework import Act, Quantity
from orestream.export.domain.figures import ExportTables, Rulebook
from orestream.export.domain.shipment import Shipment
from orestream.lots import holding, stock
from orestream.lots.rules import R01, R03, refused
from orestream.lots.state import LOT, InStock
from orestream.lots.weighing import check_mass
from orestream.metallurgy.quantities import kg


def stuff(command: StuffContainer, world: World, tables: ExportTables) -> Decision:
    """What the check digit and the figures say of themselves comes before any waiting."""
    wrong = _impossible(command) or containers.check_number(command.container_no)
    if wrong is not None:
        return wrong
    into = shipment.find(world, command.shipment_id)
    if isinstance(into, Waits):
        return into
    taken = shipment.check_here(into, "stuffed") or containers.check_free(command, world)
    if taken is not None:
        return taken
    rules = tables.at(command.occurred_at)
    parts = _parts(command, world, rules, into)
    if isinstance(parts, Refused):
        return parts
    held = shipment.check_free(into, command.occurred_at, "stuffed") or holding.check_free(
        world, [part.lot_id for part in parts], command, "stuffed"
    )
    if held is not None:
        return held
    return _judged(command, world, Act("stuff", command.occurred_at, into, rules), parts)


def _impossible(command: StuffContainer) -> Refused | None:
    lots = [part.lot_id for part in command.contents]
    if len(set(lots)) < len(lots):
        return refused(R01, "a lot stands in the contents twice; name each once", contents=lots)
    if command.packing_kg < 0:
        why = f"packing {command.packing_kg} kg is below nought; it is what packing and dunnage weigh"
        return refused(R01, why, packing_kg=command.packing_kg)
    weighed = [("the container's tare", command.tare_kg), ("the plate's gross", command.max_gross_kg)]
    weighed += [(part.lot_id, part.wet_kg) for part in command.contents]
    return next((wrong for what, mass in weighed if (wrong := check_mass(what, mass)) is not None), None)


def _parts(
    command: StuffContainer, world: World, rules: Rulebook, into: Shipment
) -> tuple[StuffedPart, ...] | Refused:
    parts: list[StuffedPart] = []
    for content in command.contents:
        part = _part(content, world, rules, into)
        if isinstance(part, Refused):
            return part
        parts.append(part)
    return tuple(parts)


def _part(content: WetPart, world: World, rules: Rulebook, into: Shipment) -> StuffedPart | Refused:
    """Drawn from what is allocated and not stuffed yet, as a draw on stock is (R03)."""
    if content.lot_id not in into.lots:
        why = f"{content.lot_id} is not allocated to {into.id}; allocate it first"
        return refused(R03, why, lot_id=content.lot_id)
    lot = world.get(LOT, content.lot_id)
    assert isinstance(lot, InStock), "what is allocated is in stock"
    left = into.allocated_dry_kg(lot.id) - into.stuffed_dry_kg(lot.id)
    draws = stock.draw(replace(lot, stock_dry_kg=left), [content.wet_kg], rules.common)
    if isinstance(draws, Refused):
        why = f"{content.wet_kg} kg wet of {lot.id} is more than is left of its allocation, {left} kg dry"
        return refused(R03, why, lot_id=lot.id, wet_kg=content.wet_kg, left_dry_kg=left)
    draw = draws[0]
    return StuffedPart(
        lot_id=lot.id, wet_kg=draw.wet_kg, dry_kg=draw.dry_kg, difference_dry_kg=draw.difference_dry_kg
    )


def _judged(command: StuffContainer, world: World, act: Act, parts: tuple[StuffedPart, ...]) -> Decision:
    contract_of = {allocation.lot_id: allocation.contract_id for allocation in act.shipment.allocations}
    quantities = tuple(Quantity(p.lot_id, contract_of[p.lot_id], p.wet_kg, p.dry_kg) for p in parts)
    case = casework.gather(world, act, quantities)
    if isinstance(case, Waits):
        return case
    verdicts = gates.judge(case)
    stopped = judging.refusal(case, verdicts, command)
    if stopped is not None:
        return stopped
    stuffed = ContainerStuffed(
        shipment_id=command.shipment_id,
        container_no=command.container_no,
        seal=command.seal,
        tare_kg=kg(command.tare_kg),
        max_gross_kg=kg(command.max_gross_kg),
        packing_kg=kg(command.packing_kg),
        contents=parts,
    )
    return Accepted((*judging.checked(case, verdicts), *judging.lifted(case, verdicts), stuffed))
