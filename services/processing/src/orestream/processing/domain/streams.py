"""A batch's inputs, reagents, outputs, losses and stock in process as the streams its balance is drawn of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal, assert_never

from orestream.contracts.processing import BatchInput, BatchOutput, InProcess, Loss, ProcessBatch, Reagent
from orestream.lots.results import DryResults, dry_results, grades_of
from orestream.lots.state import InStock
from orestream.lots.stock import Draw
from orestream.lots.tables import PlantRules
from orestream.metallurgy.balance import Role, Stream
from orestream.metallurgy.compounds import ELEMENT_FRACTION
from orestream.metallurgy.grades import Censored, Grade, Measured, tidy
from orestream.metallurgy.quantities import HUNDRED, dry_kg, dry_sigma_kg, exactly, kg

OUTPUT_ROLES: Final[Mapping[str, Role]] = {
    "product": "product",
    "middlings": "middlings",
    "tailings": "tailings",
    "residue": "residue",
}


@dataclass(frozen=True, slots=True)
class Fed:
    """An input as the balance uses it: the lot, what was drawn of it, and the results it rests on."""

    wanted: BatchInput
    lot: InStock
    draw: Draw
    rests_on: DryResults


def streams_of(command: ProcessBatch, inputs: Sequence[Fed], plant: PlantRules) -> tuple[Stream, ...]:
    """Everything that entered, left, was lost or stayed in process; nothing weighs nothing."""
    found = [
        *(_input(fed, plant) for fed in inputs),
        *(_reagent(reagent, plant) for reagent in command.reagents),
        *(_output(output, plant) for output in command.outputs),
        *(_loss(loss) for loss in command.losses),
    ]
    if command.wip is not None:
        found.append(_in_process("wip-opening", command.wip.opening))
        found.append(_in_process("wip-closing", command.wip.closing))
    return tuple(in_elements([stream for stream in found if stream.dry_kg > 0]))


def made_dry_kg(output: BatchOutput) -> Decimal:
    """The dry mass of an output, by its own moisture."""
    return dry_kg(kg(output.wet_kg), output.moisture_pct)


def _input(fed: Fed, plant: PlantRules) -> Stream:
    wanted = fed.wanted
    moisture = fed.lot.moisture_pct if wanted.moisture_pct is None else wanted.moisture_pct
    sigma = _sigma_dry_kg(fed.draw.wet_kg, moisture, wanted.sigma_kg, wanted.moisture_sigma_pct, plant)
    return Stream("input", fed.draw.dry_kg, fed.rests_on.grades, sigma)


def _reagent(reagent: Reagent, plant: PlantRules) -> Stream:
    mass = kg(reagent.kg)
    sigma = None if plant.scale_sigma_pct is None else mass * plant.scale_sigma_pct / HUNDRED
    return Stream("reagent", mass, grades_of(reagent.results), sigma)


def _output(output: BatchOutput, plant: PlantRules) -> Stream:
    wet, moisture = kg(output.wet_kg), output.moisture_pct
    sigma = _sigma_dry_kg(wet, moisture, output.sigma_kg, output.moisture_sigma_pct, plant)
    grades = grades_of(dry_results(output.results, output.basis, moisture))
    return Stream(OUTPUT_ROLES[output.role], made_dry_kg(output), grades, sigma)


def _loss(loss: Loss) -> Stream:
    return Stream("loss", kg(loss.dry_kg), grades_of(loss.results))


def _in_process(role: Literal["wip-opening", "wip-closing"], stock: InProcess) -> Stream:
    return Stream(role, kg(stock.dry_kg), grades_of(stock.results))


def _sigma_dry_kg(
    wet: Decimal,
    moisture_pct: Decimal,
    sigma_kg: Decimal | None,
    sigma_moisture_pct: Decimal | None,
    plant: PlantRules,
) -> Decimal | None:
    """σ of a dry mass: what the command states, else what the plant's instruments are known for."""
    if sigma_kg is None and plant.scale_sigma_pct is not None:
        sigma_kg = wet * plant.scale_sigma_pct / HUNDRED
    if sigma_moisture_pct is None:
        sigma_moisture_pct = plant.moisture_sigma_pct
    return dry_sigma_kg(wet, sigma_kg, moisture_pct, sigma_moisture_pct)


@exactly
def in_elements(streams: Sequence[Stream]) -> list[Stream]:
    """The streams with oxides and sulphides read as the element, where any stream states the element.

    Chemical stages turn one form into another (Nd2O3 into Nd); where all state the same form it stays.
    """
    stated = {name for stream in streams for name in stream.grades}
    pairs = [pair for pair in ELEMENT_FRACTION if pair[0] in stated and pair[1] in stated]
    return [replace(s, grades=_as_elements(s.grades, pairs)) for s in streams]


def _as_elements(grades: Mapping[str, Measured], pairs: Sequence[tuple[str, str]]) -> dict[str, Measured]:
    """One stream's grades; a stream with two forms of one element and not the element says nothing of it."""
    read = dict(grades)
    for element in dict.fromkeys(element for _, element in pairs):
        forms = [compound for compound, made in pairs if made == element and compound in grades]
        found = [_scaled(read.pop(form), ELEMENT_FRACTION[form, element]) for form in forms]
        if element not in read and len(found) == 1:
            read[element] = found[0]
    return read


def _scaled(measured: Measured, factor: Decimal) -> Measured:
    match measured:
        case Grade():
            sigma = None if measured.sigma is None else tidy(measured.sigma * factor)
            return replace(measured, value=tidy(measured.value * factor), sigma=sigma)
        case Censored():
            return replace(measured, limit=tidy(measured.limit * factor))
        case _:
            assert_never(measured)
