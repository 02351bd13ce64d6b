"""Mining's own commands and facts: sources and the lots that come out of them."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from orestream.contracts.decimals import Country, Id, Kg, MoisturePct, Name, Number
from orestream.contracts.message import Command, Fact
from orestream.contracts.parts import Licence, Location, Material, Mineral, Origin, Owner, Ticket


class RegisterSource(Command):
    """A licensed place that ore comes from."""

    SERVICES: ClassVar = ("mining",)
    KEYED_BY: ClassVar = ("source_id",)

    source_id: Id
    name: Name
    country: Country
    region: Name | None = None
    licence: Licence
    operator: Name
    owners: Annotated[tuple[Owner, ...], Field(max_length=100)] = ()
    location: Location | None = None
    resource_class: Annotated[str, Field(examples=["inferred"], max_length=60)] | None = None
    artisanal: bool = False
    synthetic: bool = False


class MineLot(Command):
    """Ore from a source becomes a lot: one or more weighbridge tickets and a moisture."""

    SERVICES: ClassVar = ("mining",)
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: Id
    source_id: Id
    material: Material
    mineral: Mineral | None = None
    tickets: Annotated[tuple[Ticket, ...], Field(min_length=1, max_length=200)]
    moisture_pct: Number = Field(description="% wet basis, 0 ≤ m < 100 (answered by R01)")
    moisture_sigma_pct: Number | None = Field(
        None, description="standard uncertainty of the moisture, points"
    )


class SourceRegistered(Fact):
    """A source is known."""

    TYPE: ClassVar = "orestream.source.registered.v1"
    KEYED_BY: ClassVar = ("source_id",)

    source_id: Id
    name: Name
    country: Country
    region: Name | None = None
    licence: Licence
    operator: Name
    owners: tuple[Owner, ...] = ()
    location: Location | None = None
    resource_class: str | None = None
    artisanal: bool = False
    synthetic: bool = False


class LotMined(Fact):
    """A lot was born at a source."""

    TYPE: ClassVar = "orestream.lot.mined.v1"
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: Id
    material: Material
    mineral: Mineral | None = None
    tickets: tuple[Ticket, ...]
    wet_kg: Kg
    moisture_pct: MoisturePct
    moisture_sigma_pct: Number | None = None
    dry_kg: Kg
    origins: tuple[Origin, ...]
    synthetic: bool = False
