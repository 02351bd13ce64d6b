"""What a batch must state before anybody looks at stock: known words, possible figures, new ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal

from orestream.contracts.decision import Refused, World
from orestream.contracts.parts import Result
from orestream.contracts.processing import BatchInput, BatchOutput, ProcessBatch, Reagent
from orestream.lots.assaying import check_sum
from orestream.lots.results import dry_results
from orestream.lots.rules import R01, R04, refused
from orestream.lots.state import KIN, Kin
from orestream.lots.stock import check_new_ids
from orestream.lots.tables import RuleTable
from orestream.lots.weighing import LARGEST_KG, check_mass, check_moisture
from orestream.lots.words import check_basis, check_known, check_material, check_results
from orestream.metallurgy.quantities import HUNDRED
from orestream.processing.domain.batch import BATCH
from orestream.processing.domain.streams import made_dry_kg

_WHOLE = {"%": HUNDRED, "g/t": Decimal(10**6), "ppm": Decimal(10**6)}
"""The most that a result or its uncertainty can be, by unit: all of it."""


def check_statement(command: ProcessBatch, rules: RuleTable) -> Refused | None:
    """R01: what is wrong with the batch as it was stated, whatever the stock is; None if nothing is."""
    return next((wrong for wrong in _statement(command, rules) if wrong is not None), None)


def _statement(command: ProcessBatch, rules: RuleTable) -> Iterator[Refused | None]:
    yield check_known("stage", command.stage, rules.stages)
    yield _check_times(command)
    yield _check_once(command)
    for wanted in command.inputs:
        yield from _input(wanted)
    for output in command.outputs:
        yield from _output(output, rules)
    for reagent in command.reagents:
        yield from _reagent(reagent, rules)
    for what, dry, results in _dry_stocks(command):
        yield from _dry_stock(what, dry, results, rules)


def _check_times(command: ProcessBatch) -> Refused | None:
    started, ended = command.started_at, command.ended_at
    if started <= ended:
        return None
    why = f"the batch ended {ended:%Y-%m-%d %H:%M} UTC, before it started {started:%Y-%m-%d %H:%M} UTC"
    return refused(R01, why, started_at=started.isoformat(), ended_at=ended.isoformat())


def _check_once(command: ProcessBatch) -> Refused | None:
    counted = Counter(wanted.lot_id for wanted in command.inputs)
    twice = sorted(lot_id for lot_id, times in counted.items() if times > 1)
    if not twice:
        return None
    why = f"{', '.join(twice)} goes in twice; name each lot once, with its whole mass"
    return refused(R01, why, lot_id=twice)


def _input(wanted: BatchInput) -> Iterator[Refused | None]:
    yield check_mass(f"input {wanted.lot_id}", wanted.wet_kg)
    yield _check_sigma(f"input {wanted.lot_id}", wanted.sigma_kg, wanted.wet_kg)
    if wanted.moisture_pct is not None:
        yield check_moisture(wanted.moisture_pct)
    yield _check_sigma(f"the moisture of input {wanted.lot_id}", wanted.moisture_sigma_pct, HUNDRED)


def _output(output: BatchOutput, rules: RuleTable) -> Iterator[Refused | None]:
    what = f"output {output.lot_id}"
    yield check_known("role", output.role, rules.roles)
    yield check_material(output.material, rules)
    yield check_basis(output.basis, rules)
    yield check_mass(what, output.wet_kg)
    yield _check_sigma(what, output.sigma_kg, output.wet_kg)
    yield check_moisture(output.moisture_pct)
    yield _check_sigma(f"the moisture of {what}", output.moisture_sigma_pct, HUNDRED)
    yield _check_solids(output)
    yield from _results(what, output.results, rules)


def _check_solids(output: BatchOutput) -> Refused | None:
    if made_dry_kg(output) > 0:
        return None
    why = (
        f"output {output.lot_id}: {output.wet_kg} kg at {output.moisture_pct} % moisture is no gram of solids"
    )
    return refused(R01, why, wet_kg=output.wet_kg, moisture_pct=output.moisture_pct)


def _reagent(reagent: Reagent, rules: RuleTable) -> Iterator[Refused | None]:
    yield check_mass(f"reagent {reagent.name}", reagent.kg)
    yield from _results(f"reagent {reagent.name}", reagent.results, rules)


def _dry_stocks(command: ProcessBatch) -> Iterator[tuple[str, Decimal, tuple[Result, ...]]]:
    """Declared losses and stock in process: what may be none at all."""
    yield from ((f"loss {loss.cause!r}", loss.dry_kg, loss.results) for loss in command.losses)
    if command.wip is not None:
        opening, closing = command.wip.opening, command.wip.closing
        yield "opening stock in process", opening.dry_kg, opening.results
        yield "closing stock in process", closing.dry_kg, closing.results


def _dry_stock(
    what: str, dry: Decimal, results: Iterable[Result], rules: RuleTable
) -> Iterator[Refused | None]:
    if not 0 <= dry <= LARGEST_KG:
        yield refused(R01, f"{what}: {dry} kg dry is no mass; it is zero or more", dry_kg=dry)
    yield from _results(what, results, rules)


def _results(what: str, results: Iterable[Result], rules: RuleTable) -> Iterator[Refused | None]:
    stated = tuple(results)
    yield check_results(stated, rules)
    for one in stated:
        if one.unit in _WHOLE:
            yield _check_sigma(f"{one.analyte} of {what}", one.sigma, _WHOLE[one.unit])


def _check_sigma(what: str, sigma: Decimal | None, most: Decimal) -> Refused | None:
    if sigma is None or 0 <= sigma <= most:
        return None
    why = f"{what} states an uncertainty of {sigma}; it is between zero and all of it ({most})"
    return refused(R01, why, sigma=sigma)


def check_ids(command: ProcessBatch, world: World) -> Refused | None:
    """R04: batch and outputs are new, against what has been read too, and nothing is made of itself."""
    outputs = [output.lot_id for output in command.outputs]
    if world.get(BATCH, command.batch_id) is not None:
        why = f"batch {command.batch_id} is recorded already; give this one an id of its own"
        return refused(R04, why, batch_id=command.batch_id)
    itself = sorted({wanted.lot_id for wanted in command.inputs} & set(outputs))
    if itself:
        why = f"{', '.join(itself)} cannot be made of itself; give what came out an id of its own"
        return refused(R04, why, lot_id=itself)
    return check_new_ids([*outputs, command.batch_id], world) or _check_no_cycle(outputs, world)


def _check_no_cycle(outputs: Iterable[str], world: World) -> Refused | None:
    """An id that others have named as a parent is taken, though its own birth has not been read yet."""
    kin: dict[str, Kin] = dict(world.get_all(KIN, list(outputs)))
    parents = sorted(lot_id for lot_id, known in kin.items() if known.children)
    if not parents:
        return None
    why = f"other lots are made of {', '.join(parents)} already; give the new lot an id of its own"
    return refused(R04, why, lot_id=parents)


def check_sums(command: ProcessBatch, rules: RuleTable) -> Refused | None:
    """R05 for every stream that states results, on dry basis."""
    stated = [
        *(dry_results(o.results, o.basis, o.moisture_pct) for o in command.outputs),
        *(reagent.results for reagent in command.reagents),
        *(results for _, _, results in _dry_stocks(command)),
    ]
    return next((wrong for results in stated if (wrong := check_sum(results, rules)) is not None), None)
