"""Processing's own commands and facts: batches, their balances, and what they produce."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from orestream.contracts.decimals import (
    Country,
    Id,
    Kg,
    MoisturePct,
    Name,
    NotNegative,
    Number,
    Text,
    Time,
)
from orestream.contracts.message import Command, Fact, Part
from orestream.contracts.parts import Basis, Material, Mineral, Origin, Parent, Result

Role = Annotated[
    str, Field(description="product, middlings, tailings or residue", examples=["product"], max_length=20)
]
Stage = Annotated[
    str, Field(description="a name from the table of stages", examples=["flotation"], max_length=40)
]
Verdict = Literal["balanced", "gain", "loss", "not-testable", "measurement-too-poor"]


class BatchInput(Part):
    """What a batch drew from a lot."""

    lot_id: Id
    wet_kg: Number
    sigma_kg: Number | None = Field(None, description="standard uncertainty of the mass, kg")
    moisture_pct: Number | None = Field(None, description="as fed; the lot's latest moisture where absent")
    moisture_sigma_pct: Number | None = None


class Reagent(Part):
    """What else went in; it counts for the elements in its results, never as ore solids."""

    name: Name
    kg: Number
    origin: Country | None = None
    results: tuple[Result, ...] = ()


class BatchOutput(Part):
    """A new lot that a batch made."""

    lot_id: Id
    role: Role
    material: Material
    mineral: Mineral | None = None
    wet_kg: Number
    moisture_pct: Number
    sigma_kg: Number | None = None
    moisture_sigma_pct: Number | None = None
    basis: Basis = "dry"
    results: tuple[Result, ...] = ()


class Loss(Part):
    """A declared loss, with its cause."""

    cause: Text
    dry_kg: Number
    results: tuple[Result, ...] = ()


class InProcess(Part):
    """Stock in process at one moment, dry."""

    dry_kg: Number
    results: tuple[Result, ...] = ()


class Wip(Part):
    """Stock in process before and after the batch."""

    opening: InProcess
    closing: InProcess


class ProcessBatch(Command):
    """One run of one stage at one plant: what went in, what came out."""

    SERVICES: ClassVar = ("processing",)
    KEYED_BY: ClassVar = ("batch_id",)

    batch_id: Id
    plant_id: Id
    stage: Stage
    started_at: Time
    ended_at: Time
    inputs: Annotated[tuple[BatchInput, ...], Field(min_length=1, max_length=500)]
    reagents: tuple[Reagent, ...] = ()
    outputs: Annotated[tuple[BatchOutput, ...], Field(min_length=1, max_length=500)]
    losses: tuple[Loss, ...] = ()
    wip: Wip | None = None


class DrawnInput(Part):
    """An input with the dry mass and the certificate that the balance used."""

    lot_id: Id
    wet_kg: Kg
    dry_kg: Kg
    certificate: Id | None = None
    certificates: tuple[Id, ...] | None = Field(
        None, description="in place of one, where the lot's book results rest on several"
    )


class UsedReagent(Part):
    """A reagent as the balance used it."""

    name: Name
    kg: Kg
    origin: Country | None = None
    results: tuple[Result, ...] | None = None


class MadeOutput(Part):
    """An output of the balance."""

    lot_id: Id
    role: str
    material: Material
    wet_kg: Kg
    dry_kg: Kg


class DeclaredLoss(Part):
    """A declared loss of the balance."""

    cause: Text
    dry_kg: Kg
    results: tuple[Result, ...] | None = None


class Balance(Part):
    """In against out of one component: dry solids, or an element."""

    in_kg: Kg | None = None
    out_kg: Kg | None = None
    unaccounted_kg: Number | None = Field(None, description="in minus out; negative is a gain")
    tolerance_kg: Kg | None = None
    tolerance_from: Literal["cap", "sigma"] | None = None
    verdict: Verdict
    recovery_pct: NotNegative | None = Field(None, description="of what went in, how much is in the product")


class BatchProcessed(Fact):
    """A batch has run; its balance per component, `solids` and each element."""

    TYPE: ClassVar = "orestream.batch.processed.v1"
    KEYED_BY: ClassVar = ("batch_id",)

    batch_id: Id
    plant_id: Id
    stage: Stage
    kind: Literal["physical", "chemical"]
    started_at: Time
    ended_at: Time
    inputs: tuple[DrawnInput, ...]
    reagents: tuple[UsedReagent, ...] = ()
    outputs: tuple[MadeOutput, ...]
    losses: tuple[DeclaredLoss, ...] = ()
    wip: Wip | None = None
    balance: dict[str, Balance]
    yield_pct: NotNegative = Field(description="dry product of dry input, %")
    verdict: Verdict
    rules_version: str
    synthetic: bool = False


class BatchQuarantined(Fact):
    """A batch is in conflict with its balance; its products are frozen."""

    TYPE: ClassVar = "orestream.batch.quarantined.v1"
    KEYED_BY: ClassVar = ("batch_id",)

    batch_id: Id
    hold_id: Id
    kind: Literal["quarantine"] = "quarantine"
    rule: str
    reason: Text
    by: Name
    occurred_at: Time


class BatchReleased(Fact):
    """An authorised person released a batch from quarantine."""

    TYPE: ClassVar = "orestream.batch.released.v1"
    KEYED_BY: ClassVar = ("batch_id",)

    batch_id: Id
    hold_id: Id
    reason: Text
    authority: Name
    by: Name
    occurred_at: Time


class LotProduced(Fact):
    """A lot was born of a batch."""

    TYPE: ClassVar = "orestream.lot.produced.v1"
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: Id
    batch_id: Id
    role: str
    material: Material
    mineral: Mineral | None = None
    wet_kg: Kg
    moisture_pct: MoisturePct
    dry_kg: Kg
    basis: Literal["dry", "as-received"] = "dry"
    results: tuple[Result, ...] = ()
    parents: tuple[Parent, ...]
    origins: tuple[Origin, ...]
    synthetic: bool = False
