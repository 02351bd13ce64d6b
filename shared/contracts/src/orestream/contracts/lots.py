"""Commands and facts about lots that mining and processing share; export shares some of them.

A lot is born by exactly one fact keyed by it: `lot.mined`, `lot.produced`, `lot.split` or
`lot.blended`; the last three name its parents. What is taken from a lot stands in `lot.drawn`, keyed
by the lot that gives.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from orestream.contracts.decimals import Id, Kg, MoisturePct, Name, Number, Text, Time
from orestream.contracts.message import Command, Fact
from orestream.contracts.parts import (
    Assay,
    Basis,
    Certificate,
    Destination,
    Material,
    Mineral,
    Origin,
    Parent,
    Result,
    Sample,
    Ticket,
    WetPart,
)

HoldKind = Literal["hold", "quarantine"]


class AssayLot(Command):
    """One certificate on one sealed sample of a lot."""

    SERVICES: ClassVar = ("mining", "processing")
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: Id
    certificate: Certificate
    sample: Sample
    basis: Basis
    moisture_pct: Number | None = Field(
        None, description="of the sample, %; needed where the basis is as-received"
    )
    results: Annotated[tuple[Result, ...], Field(min_length=1, max_length=100)]


class SplitLot(Command):
    """Parts of a lot become lots of their own; what is not named stays in the parent."""

    SERVICES: ClassVar = ("mining", "processing")
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: Id = Field(description="the parent")
    parts: Annotated[tuple[WetPart, ...], Field(min_length=1, max_length=500)]


class BlendLots(Command):
    """Parts of lots become one new lot."""

    SERVICES: ClassVar = ("mining", "processing")
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: Id = Field(description="the new lot")
    material: Material
    parts: Annotated[tuple[WetPart, ...], Field(min_length=1, max_length=500)]


class HoldLot(Command):
    """Freezes a lot and everything made from it; `hold_id` is this command's id."""

    SERVICES: ClassVar = ("mining", "processing")
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: Id
    cause: Annotated[str, Field(description="origin, safety or assay", examples=["origin"])]
    certificate: Id | None = Field(
        None, description="needed for the cause assay: which certificate is in doubt"
    )
    reason: Text
    authority: Name


class LiftHold(Command):
    """Ends a hold."""

    SERVICES: ClassVar = ("mining", "processing")
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: Id
    hold_id: Id
    reason: Text
    authority: Name


class ReleaseQuarantine(Command):
    """Ends the quarantines of one lot, batch or shipment."""

    SERVICES: ClassVar = ("mining", "processing", "export")
    KEYED_BY: ClassVar = ("shipment_id", "batch_id", "lot_id")

    lot_id: Id | None = None
    batch_id: Id | None = None
    shipment_id: Id | None = None
    reason: Text
    authority: Name


class DespatchLot(Command):
    """The whole of a lot leaves for a plant or for export."""

    SERVICES: ClassVar = ("mining", "processing")
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: Id
    to: Destination
    destination: Name = Field(description="which plant or port")


class ReceiveLot(Command):
    """Check-in weighing of a lot that was despatched here; several receipts over time if need be."""

    SERVICES: ClassVar = ("processing", "export")
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: Id
    place: Name
    tickets: Annotated[tuple[Ticket, ...], Field(min_length=1, max_length=200)]
    moisture_pct: Number = Field(description="of what these tickets weighed, % wet basis")
    moisture_sigma_pct: Number | None = Field(
        None, description="standard uncertainty of the moisture, points"
    )
    complete: bool = Field(default=True, description="false while more vehicles of the lot are to come")


class LotAssayed(Fact):
    """A laboratory's results for a lot."""

    TYPE: ClassVar = "orestream.lot.assayed.v1"
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: Id
    certificate: Certificate
    sample: Sample
    basis: Literal["dry", "as-received"]
    moisture_pct: MoisturePct | None = None
    results: tuple[Result, ...]


class _MadeOfLots(Fact):
    """What the birth of a lot out of other lots states; its results are a book value."""

    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: Id = Field(description="the new lot")
    material: Material
    mineral: Mineral | None = None
    wet_kg: Kg
    moisture_pct: MoisturePct
    dry_kg: Kg
    basis: Literal["dry"] = "dry"
    results: tuple[Result, ...] = ()
    certificates: tuple[Id, ...] = Field((), description="on which the book results rest")
    parents: tuple[Parent, ...]
    origins: tuple[Origin, ...]
    synthetic: bool = False


class LotSplit(_MadeOfLots):
    """A lot was born as part of another; its results are its parent's, as a book value."""

    TYPE: ClassVar = "orestream.lot.split.v1"


class LotBlended(_MadeOfLots):
    """A lot was born of parts of others; mass and metal are the sums of its parts."""

    TYPE: ClassVar = "orestream.lot.blended.v1"


class LotDrawn(Fact):
    """A lot gave mass to a split, a blend or a batch."""

    TYPE: ClassVar = "orestream.lot.drawn.v1"
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: Id = Field(description="the lot that gave")
    purpose: Literal["split", "blend", "batch"]
    into: Id = Field(description="the new lot, or the batch")
    wet_kg: Kg
    dry_kg: Kg
    difference_dry_kg: Kg | None = Field(
        None, description="how much more than the stock a last draw took: a weighing difference"
    )


class LotHeld(Fact):
    """A lot is frozen, by a hold or quarantine on itself or on what it was made from."""

    TYPE: ClassVar = "orestream.lot.held.v1"
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: Id
    hold_id: Id = Field(description="the command that caused it")
    kind: HoldKind
    cause: str = Field(description="origin, safety or assay; for a quarantine the rule")
    root: Id = Field(description="the lot or batch on which it was put")
    certificate: Id | None = None
    reason: Text
    authority: Name | None = None
    by: Name
    occurred_at: Time = Field(description="from when it counts")


class LotHoldLifted(Fact):
    """A hold or quarantine on a lot has ended."""

    TYPE: ClassVar = "orestream.lot.hold-lifted.v1"
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: Id
    hold_id: Id
    kind: HoldKind
    root: Id
    reason: Text
    authority: Name
    by: Name
    occurred_at: Time = Field(description="from when it counts")


class LotDespatched(Fact):
    """A lot has left, whole, for a plant or for export; it carries what the receiver must know."""

    TYPE: ClassVar = "orestream.lot.despatched.v1"
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: Id
    to: Destination
    destination: Name
    material: Material
    mineral: Mineral | None = None
    wet_kg: Kg
    moisture_pct: MoisturePct
    dry_kg: Kg
    assays: tuple[Assay, ...] = Field(
        (), description="every assay of the lot known at despatch, oldest first"
    )
    basis: Literal["dry"] = "dry"
    results: tuple[Result, ...] = Field((), description="book results, for a lot without an assay of its own")
    certificates: tuple[Id, ...] = Field((), description="on which the book results rest")
    parents: tuple[Parent, ...] = ()
    origins: tuple[Origin, ...]
    synthetic: bool = False


class LotReceived(Fact):
    """A lot, or a part of it, was weighed in where it was despatched to."""

    TYPE: ClassVar = "orestream.lot.received.v1"
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: Id
    place: Name
    tickets: tuple[Ticket, ...]
    wet_kg: Kg
    moisture_pct: MoisturePct
    moisture_sigma_pct: Number | None = None
    dry_kg: Kg
    complete: bool
    total_wet_kg: Kg = Field(description="of all receipts so far")
    total_dry_kg: Kg = Field(description="of all receipts so far")
    despatched_dry_kg: Kg
    difference_dry_kg: Number | None = Field(
        None, description="received minus despatched, kg dry, at the complete receipt"
    )
    verdict: Literal["partial", "transit-loss", "transit-gain", "exact", "beyond-franchise"]
    rules_version: str
