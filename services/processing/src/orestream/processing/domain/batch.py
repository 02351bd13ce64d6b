"""A batch: one run of one stage at one plant, and its quarantine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from orestream.contracts.decision import Decision, Ref, Refused, Waits, World
from orestream.contracts.lots import ReleaseQuarantine
from orestream.contracts.processing import BatchProcessed, BatchQuarantined, BatchReleased
from orestream.lots.holding import somebody_else
from orestream.lots.rules import R04, refused
from orestream.lots.state import HOLD, Hold
from orestream.lots.telling import accepted

BATCH: Final = "batch"

BatchFact = BatchProcessed | BatchQuarantined | BatchReleased


@dataclass(frozen=True, slots=True)
class Batch:
    """What is remembered of a batch: what it was made of and made, and whether it is in conflict."""

    id: str
    plant_id: str
    stage: str
    started_at: datetime
    ended_at: datetime
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    verdict: str
    quarantine: str | None = None
    """The `hold_id` of its quarantine, released or not."""
    released_at: datetime | None = None


def release(command: ReleaseQuarantine, batch_id: str, world: World) -> Decision:
    """A batch's quarantine ends, with that of its lots and of everything made from them."""
    batch: Batch | None = world.get(BATCH, batch_id)
    if batch is None:
        return Waits((Ref(BATCH, batch_id),), f"batch {batch_id} has not been recorded yet")
    found: Hold | None = None if batch.quarantine is None else world.get(HOLD, batch.quarantine)
    wrong = _check_in_force(batch, found, command)
    if wrong is not None:
        return wrong
    assert found is not None
    if found.by == command.by:
        return somebody_else(found, command.by)
    fact = BatchReleased(
        batch_id=batch_id,
        hold_id=found.id,
        reason=command.reason,
        authority=command.authority,
        by=command.by,
        occurred_at=command.occurred_at,
    )
    return accepted(world, "processing", [fact], command.occurred_at)


def _check_in_force(batch: Batch, found: Hold | None, command: ReleaseQuarantine) -> Refused | None:
    if found is None:
        return refused(R04, f"batch {batch.id} is under no quarantine", batch_id=batch.id)
    if found.lifted_at is None and found.occurred_at <= command.occurred_at:
        return None
    why = f"the quarantine of batch {batch.id} was not in force at {command.occurred_at:%Y-%m-%d %H:%M} UTC"
    return refused(R04, why, batch_id=batch.id, hold_id=found.id)


def evolve(batch: Batch | None, fact: BatchFact) -> Batch:
    """The batch after one of its facts.

    Raises:
        LookupError: the fact is of a batch that was never told of; the ledger is not whole.
    """
    if isinstance(fact, BatchProcessed):
        return Batch(
            id=fact.batch_id,
            plant_id=fact.plant_id,
            stage=fact.stage,
            started_at=fact.started_at,
            ended_at=fact.ended_at,
            inputs=tuple(drawn.lot_id for drawn in fact.inputs),
            outputs=tuple(made.lot_id for made in fact.outputs),
            verdict=fact.verdict,
        )
    if batch is None:
        raise LookupError(f"{fact.TYPE} of batch {fact.batch_id}, of which no {BatchProcessed.TYPE} told")
    if isinstance(fact, BatchQuarantined):
        return replace(batch, quarantine=fact.hold_id)
    return replace(batch, released_at=fact.occurred_at)
