"""What export remembers of mining and processing: sources, what they gave and when, and batches' stages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from orestream.contracts.decision import Happened, Ref, World
from orestream.contracts.mining import LotMined, SourceRegistered
from orestream.contracts.parts import Licence, Owner
from orestream.contracts.processing import BatchProcessed
from orestream.metallurgy.quantities import ZERO

SOURCE = "source"
OUTPUT = "output"
MINED = "mined"
BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Source:
    """A source; without a licence while only lots from it are known."""

    id: str
    country: str | None = None
    operator: str | None = None
    licence: Licence | None = None
    owners: tuple[Owner, ...] = ()
    months: tuple[tuple[str, Decimal], ...] = ()
    """Month of mining, as 2025-09 → kg wet, oldest first."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a source gave in one month, lot by lot: kept apart, so that a source's state stays small."""

    id: str
    lots: tuple[tuple[str, datetime, Decimal], ...] = ()
    """Lot, when it was mined, kg wet."""


@dataclass(frozen=True, slots=True)
class Mined:
    """Where and when one lot was mined."""

    id: str
    source_id: str
    material: str
    mined_at: datetime
    wet_kg: Decimal


@dataclass(frozen=True, slots=True)
class Batch:
    """The stage that a batch was."""

    id: str
    stage: str


def changes(happened: Happened) -> tuple[Ref, ...]:
    """The aggregates of this module that a fact changes."""
    match happened.fact:
        case SourceRegistered(source_id=source_id):
            return (Ref(SOURCE, source_id),)
        case LotMined(lot_id=lot_id) as fact:
            source_id = _source_of(fact)
            month = _month(happened.time)
            return (Ref(MINED, lot_id), Ref(SOURCE, source_id), Ref(OUTPUT, _output_id(source_id, month)))
        case BatchProcessed(batch_id=batch_id):
            return (Ref(BATCH, batch_id),)
        case _:
            return ()


def evolve_source(state: Source | None, happened: Happened) -> Source | None:
    """A source after its registration, or after a lot was mined there."""
    match happened.fact:
        case SourceRegistered() as fact:
            return replace(
                state or Source(fact.source_id),
                country=fact.country,
                operator=fact.operator,
                licence=fact.licence,
                owners=fact.owners,
            )
        case LotMined() as fact:
            known = state or Source(_source_of(fact))
            months = dict(known.months)
            month = _month(happened.time)
            months[month] = months.get(month, ZERO) + fact.wet_kg
            return replace(known, months=tuple(sorted(months.items())))
        case _:
            return state


def evolve_output(state: Output | None, happened: Happened) -> Output | None:
    """A source's month after a lot was mined in it."""
    match happened.fact:
        case LotMined() as fact:
            known = state or Output(_output_id(_source_of(fact), _month(happened.time)))
            return replace(
                known, lots=tuple(sorted((*known.lots, (fact.lot_id, happened.time, fact.wet_kg))))
            )
        case _:
            return state


def evolve_mined(state: Mined | None, happened: Happened) -> Mined | None:
    """A mined lot's place and time."""
    match happened.fact:
        case LotMined() as fact:
            return Mined(fact.lot_id, _source_of(fact), fact.material, happened.time, fact.wet_kg)
        case _:
            return state


def evolve_batch(state: Batch | None, happened: Happened) -> Batch | None:
    """A batch's stage."""
    match happened.fact:
        case BatchProcessed() as fact:
            return Batch(fact.batch_id, fact.stage)
        case _:
            return state


def given_by(source: Source, until: datetime, world: World) -> Decimal:
    """All that a source had given when a lot was mined there, that lot included, kg wet."""
    month = _month(until)
    whole_months = sum((wet_kg for name, wet_kg in source.months if name < month), ZERO)
    output: Output | None = world.get(OUTPUT, _output_id(source.id, month))
    lots = output.lots if output is not None else ()
    return whole_months + sum((wet_kg for _, mined_at, wet_kg in lots if mined_at <= until), ZERO)


def _source_of(fact: LotMined) -> str:
    return fact.origins[0].source_id


def _month(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m")


def _output_id(source_id: str, month: str) -> str:
    return f"{source_id}@{month}"
