"""A batch as the ledger tells it: the batch with its balance, and the lots it gave birth to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from orestream.contracts.parts import Origin, Parent
from orestream.contracts.processing import (
    Balance,
    BatchOutput,
    BatchProcessed,
    DeclaredLoss,
    DrawnInput,
    Loss,
    LotProduced,
    MadeOutput,
    ProcessBatch,
    Reagent,
    UsedReagent,
)
from orestream.lots.stock import merged_origins, parents_of
from orestream.metallurgy import balance as arithmetic
from orestream.metallurgy.quantities import ZERO, kg
from orestream.processing.domain.streams import Fed, made_dry_kg


def processed(
    command: ProcessBatch,
    inputs: Sequence[Fed],
    balanced: arithmetic.Balance,
    *,
    kind: Literal["physical", "chemical"],
    rules_version: str,
) -> BatchProcessed:
    """The batch, whole: what went in and out by lot, and the balance that anyone can check."""
    return BatchProcessed(
        batch_id=command.batch_id,
        plant_id=command.plant_id,
        stage=command.stage,
        kind=kind,
        started_at=command.started_at,
        ended_at=command.ended_at,
        inputs=tuple(_drawn(fed) for fed in inputs),
        reagents=tuple(_used(reagent) for reagent in command.reagents),
        outputs=tuple(_made(output) for output in command.outputs),
        losses=tuple(_declared(loss) for loss in command.losses),
        wip=command.wip,
        balance={name: _line(line) for name, line in balanced.components.items()},
        yield_pct=balanced.yield_pct if balanced.yield_pct is not None else ZERO,
        verdict=balanced.verdict,
        rules_version=rules_version,
        synthetic=any(fed.lot.synthetic for fed in inputs),
    )


def _drawn(fed: Fed) -> DrawnInput:
    certificates = fed.rests_on.certificates
    return DrawnInput(
        lot_id=fed.lot.id,
        wet_kg=fed.draw.wet_kg,
        dry_kg=fed.draw.dry_kg,
        certificate=certificates[0] if len(certificates) == 1 else None,
        certificates=certificates if len(certificates) > 1 else None,
    )


def _used(reagent: Reagent) -> UsedReagent:
    return UsedReagent(
        name=reagent.name, kg=kg(reagent.kg), origin=reagent.origin, results=reagent.results or None
    )


def _made(output: BatchOutput) -> MadeOutput:
    return MadeOutput(
        lot_id=output.lot_id,
        role=output.role,
        material=output.material,
        wet_kg=kg(output.wet_kg),
        dry_kg=made_dry_kg(output),
    )


def _declared(loss: Loss) -> DeclaredLoss:
    return DeclaredLoss(cause=loss.cause, dry_kg=kg(loss.dry_kg), results=loss.results or None)


def _line(line: arithmetic.ComponentBalance) -> Balance:
    return Balance(
        in_kg=line.in_kg,
        out_kg=line.out_kg,
        unaccounted_kg=line.unaccounted_kg,
        tolerance_kg=line.tolerance_kg,
        tolerance_from=line.tolerance_from,
        verdict=line.verdict,
        recovery_pct=line.recovery_pct,
    )


def produced(command: ProcessBatch, inputs: Sequence[Fed]) -> tuple[LotProduced, ...]:
    """The births of the outputs; each has every input for a parent, and all their origins."""
    parents = parents_of([fed.draw for fed in inputs])
    origins = merged_origins((fed.draw.dry_kg, fed.lot.origins) for fed in inputs)
    return tuple(_born(command, output, inputs, parents, origins) for output in command.outputs)


def _born(
    command: ProcessBatch,
    output: BatchOutput,
    inputs: Sequence[Fed],
    parents: tuple[Parent, ...],
    origins: tuple[Origin, ...],
) -> LotProduced:
    return LotProduced(
        lot_id=output.lot_id,
        batch_id=command.batch_id,
        role=output.role,
        material=output.material,
        mineral=output.mineral,
        wet_kg=kg(output.wet_kg),
        moisture_pct=output.moisture_pct,
        dry_kg=made_dry_kg(output),
        basis="as-received" if output.basis == "as-received" else "dry",
        results=output.results,
        parents=parents,
        origins=origins,
        synthetic=any(fed.lot.synthetic for fed in inputs),
    )
