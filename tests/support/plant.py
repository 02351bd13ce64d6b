"""A plant in memory, and lots, assays and batches with everything said that a test does not say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from orestream.contracts.decision import Happened
from orestream.contracts.lots import (
    AssayLot,
    DespatchLot,
    LotDespatched,
    LotHeld,
    LotHoldLifted,
    ReceiveLot,
    ReleaseQuarantine,
)
from orestream.contracts.message import Command, Fact
from orestream.contracts.mining import LotMined
from orestream.contracts.parts import Assay, Certificate, Origin, Result, Sample, Ticket
from orestream.contracts.processing import BatchInput, BatchOutput, Loss, ProcessBatch, Reagent, Wip
from orestream.lots.genealogy import holds_on, in_force
from orestream.lots.state import KIN
from orestream.processing.app import build
from tests.support.worlds import MemoryWorld, Outcome, PureService

F = TypeVar("F", bound=Fact)

DAY_1 = datetime(2025, 9, 8, 8, tzinfo=UTC)
STARTED = DAY_1 + timedelta(days=1)
ENDED = STARTED + timedelta(hours=12)
LATER = ENDED + timedelta(days=1)

ORIGIN = Origin(
    source_id="SRC-SB-1",
    name="Synthetic stibnite mine",
    country="PK",
    licence="SYN-2025-0117",
    operator="Synthetic Minerals Cooperative",
    share=Decimal(1),
)

Grades = Mapping[str, str]
"""Analyte → value with an optional σ: `{"Sb": "5.20 ± 0.06"}`; in percent."""


def results(grades: Grades, unit: str = "%") -> tuple[Result, ...]:
    """Results of a certificate from the short form."""
    found = []
    for analyte, text in grades.items():
        value, _, sigma = text.partition(" ± ")
        found.append(Result(analyte=analyte, value=value, unit=unit, sigma=Decimal(sigma) if sigma else None))
    return tuple(found)


def assay(
    number: str,
    grades: Grades,
    *,
    taken_at: datetime = DAY_1,
    occurred_at: datetime | None = None,
    basis: str = "dry",
    moisture_pct: str | None = None,
) -> Assay:
    """A certificate with a sample of its own, recorded as it was taken unless said."""
    return Assay(
        certificate=Certificate(
            number=number, laboratory="Synthetic Assay House", accredited=True, issued_at=taken_at
        ),
        sample=Sample(id=f"S-{number}", seal=f"SEAL-{number}", taken_at=taken_at),
        basis=basis,
        moisture_pct=None if moisture_pct is None else Decimal(moisture_pct),
        results=results(grades),
        occurred_at=occurred_at or taken_at,
    )


class Plant:
    """Processing alone, fed with mining's facts and asked with commands."""

    def __init__(self, rules: Path | None = None) -> None:
        self.service = PureService(build(rules))
        self.heard: list[Happened] = []

    def hear(self, fact: Fact, at: datetime = DAY_1, cause: str = "mine") -> tuple[Fact, ...]:
        """A fact of mining arrives; answers with what follows from it."""
        id_ = f"{cause}-{len(self.heard)}"
        happened = Happened(fact, fact.happened_at or at, "/orestream/main/mining", id_, cause)
        self.heard.append(happened)
        return tuple(one.fact for one in self.service.receive(happened))

    def ask(self, command: Command) -> Outcome:
        """The final outcome of a command, or the waiting one."""
        return self.service.send(command)

    def expect(self, lot_id: str = "LOT-1", dry_kg: str = "1000.000", **more: Any) -> None:
        """A lot was mined and is on its way to the plant."""
        for fact in mined_and_despatched(lot_id, dry_kg, **more):
            self.hear(fact)

    def stock(self, lot_id: str = "LOT-1", dry_kg: str = "1000.000", **more: Any) -> None:
        """A lot is at the plant: bone dry, with not a gram lost on the way."""
        self.expect(lot_id, dry_kg, **more)
        outcome = self.ask(receipt(lot_id, dry_kg))
        assert outcome.status == "accepted", outcome

    def facts(self, type_: type[F]) -> list[F]:
        """The facts of one class that the plant has told."""
        return [one.fact for one in self.service.facts if isinstance(one.fact, type_)]

    def held(self, at: datetime) -> set[str]:
        """The lots whose despatch a hold or quarantine forbids at a moment."""
        world = MemoryWorld(self.service.states)
        lots = [ref.id for ref in self.service.states if ref.kind == KIN]
        return {lot_id for lot_id in lots if in_force(holds_on(world, lot_id), at)}


def mined_and_despatched(
    lot_id: str = "LOT-1",
    dry_kg: str = "1000.000",
    *,
    assays: Sequence[Assay] = (),
    book: Grades | None = None,
    certificates: tuple[str, ...] = (),
    material: str = "antimony-ore",
    mineral: str | None = None,
    origins: tuple[Origin, ...] = (ORIGIN,),
) -> tuple[Fact, ...]:
    """What mining tells of a lot, bone dry, until it is on its way to the plant."""
    mass = Decimal(dry_kg)
    what = {"lot_id": lot_id, "material": material, "mineral": mineral, "origins": origins}
    weights = {"wet_kg": mass, "moisture_pct": Decimal(0), "dry_kg": mass, "synthetic": True}
    return (
        LotMined(tickets=(ticket(f"M-{lot_id}", dry_kg),), **what, **weights),
        LotDespatched(
            to="processing",
            destination="PLANT-1",
            assays=tuple(assays),
            results=results(book or {}),
            certificates=certificates,
            **what,
            **weights,
        ),
    )


def hold_told(lot_id: str, *, at: datetime, cause: str = "origin", **more: str) -> LotHeld:
    """Mining tells of a hold on one of its lots."""
    fields = {"hold_id": "hold-1", "kind": "hold", "reason": "in doubt", "by": "quality", **more}
    return LotHeld.model_validate(
        {"lot_id": lot_id, "cause": cause, "root": lot_id, "occurred_at": at, "authority": "chief", **fields}
    )


def lift_told(lot_id: str, *, at: datetime, hold_id: str = "hold-1") -> LotHoldLifted:
    """Mining tells that a hold has ended."""
    return LotHoldLifted(
        lot_id=lot_id,
        hold_id=hold_id,
        kind="hold",
        root=lot_id,
        reason="surveyed",
        authority="quality manager",
        by="chief",
        occurred_at=at,
    )


def ticket(number: str, net_kg: str, *, weighed_at: datetime = DAY_1) -> Ticket:
    """A weighing of so much net."""
    tare = Decimal(14000)
    return Ticket(
        number=number,
        weighbridge="plant-1",
        gross_kg=tare + Decimal(net_kg),
        tare_kg=tare,
        weighed_at=weighed_at,
    )


def receipt(lot_id: str, wet_kg: str, *, moisture_pct: str = "0", complete: bool = True) -> ReceiveLot:
    """A lot is weighed in."""
    return ReceiveLot(
        command_id=f"receive-{lot_id}-{wet_kg}",
        occurred_at=DAY_1,
        by="plant-gate",
        lot_id=lot_id,
        place="PLANT-1",
        tickets=(ticket(f"P-{lot_id}-{wet_kg}", wet_kg),),
        moisture_pct=Decimal(moisture_pct),
        complete=complete,
    )


def fed(lot_id: str = "LOT-1", wet_kg: str = "1000.000", **more: Any) -> BatchInput:
    """An input of a batch."""
    return BatchInput(lot_id=lot_id, wet_kg=Decimal(wet_kg), **_decimals(more))


def made(
    lot_id: str,
    wet_kg: str,
    grades: Grades | None = None,
    *,
    role: str = "product",
    material: str | None = None,
    moisture_pct: str = "0.00",
    **more: Any,
) -> BatchOutput:
    """An output of a batch."""
    usual = "stibnite-concentrate" if role == "product" else "tailings"
    return BatchOutput(
        lot_id=lot_id,
        role=role,
        material=material or usual,
        wet_kg=Decimal(wet_kg),
        moisture_pct=Decimal(moisture_pct),
        results=results(grades or {}),
        **_decimals(more),
    )


def batch(
    inputs: Sequence[BatchInput],
    outputs: Sequence[BatchOutput],
    *,
    stage: str = "flotation",
    reagents: Sequence[Reagent] = (),
    losses: Sequence[Loss] = (),
    wip: Wip | None = None,
    batch_id: str = "BATCH-1",
    plant_id: str = "PLANT-1",
    started_at: datetime = STARTED,
    ended_at: datetime = ENDED,
    by: str = "shift-a",
    command_id: str | None = None,
) -> ProcessBatch:
    """One run of one stage."""
    return ProcessBatch(
        command_id=command_id or f"cmd-{batch_id}",
        occurred_at=ended_at,
        by=by,
        batch_id=batch_id,
        plant_id=plant_id,
        stage=stage,
        started_at=started_at,
        ended_at=ended_at,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        reagents=tuple(reagents),
        losses=tuple(losses),
        wip=wip,
    )


def _decimals(fields: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {"sigma_kg", "moisture_sigma_pct", "moisture_pct"}
    return {name: Decimal(value) if name in numbers else value for name, value in fields.items()}


def analysed(lot_id: str, number: str, grades: Grades, *, at: datetime = ENDED, **more: Any) -> AssayLot:
    """A certificate on a sealed sample of a lot, sent to the plant."""
    stated = assay(number, grades, taken_at=at, **more)
    return AssayLot(
        command_id=f"assay-{number}",
        occurred_at=stated.occurred_at,
        by="laboratory",
        lot_id=lot_id,
        certificate=stated.certificate,
        sample=stated.sample,
        basis=stated.basis,
        moisture_pct=stated.moisture_pct,
        results=stated.results,
    )


def despatched(lot_id: str, at: datetime = LATER, command_id: str | None = None) -> DespatchLot:
    """A lot is to leave for export."""
    return DespatchLot(
        command_id=command_id or f"despatch-{lot_id}",
        occurred_at=at,
        by="dispatcher",
        lot_id=lot_id,
        to="export",
        destination="Karachi",
    )


def released(
    *, lot_id: str | None = None, batch_id: str | None = None, at: datetime = LATER, by: str = "chief"
) -> ReleaseQuarantine:
    """Somebody ends a quarantine."""
    return ReleaseQuarantine(
        command_id=f"release-{lot_id or batch_id}-{by}-{at:%d%H%M%S}",
        occurred_at=at,
        by=by,
        lot_id=lot_id,
        batch_id=batch_id,
        reason="weighed again",
        authority="chief metallurgist",
    )
