"""Shapes that more than one message uses: tickets, results, certificates, origins."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from orestream.contracts.decimals import (
    Country,
    Day,
    Id,
    Kg,
    Name,
    NotNegative,
    Number,
    ResultValue,
    Share,
    Time,
)
from orestream.contracts.message import Part

Basis = Annotated[str, Field(min_length=1, max_length=20, description="dry or as-received", examples=["dry"])]
Material = Annotated[
    str,
    Field(
        min_length=1,
        max_length=60,
        description="a name from the table of materials",
        examples=["antimony-ore"],
    ),
]
Mineral = Annotated[
    str,
    Field(
        min_length=1,
        max_length=60,
        description="the declared mineral that carries the metal",
        examples=["stibnite"],
    ),
]
Unit = Annotated[str, Field(min_length=1, max_length=10, description="%, g/t, ppm or Bq/g", examples=["%"])]
Destination = Literal["processing", "export"]


class Ticket(Part):
    """One weighing of one vehicle, as a weighbridge prints it; its number counts once."""

    number: Id
    weighbridge: Name
    gross_kg: Number = Field(description="kg")
    tare_kg: Number = Field(description="kg")
    weighed_at: Time
    sigma_kg: Number | None = Field(None, description="standard uncertainty of the net mass, kg")


class Result(Part):
    """One analyte of a certificate."""

    analyte: Annotated[str, Field(min_length=1, max_length=20, examples=["Sb"])]
    value: ResultValue
    unit: Unit
    sigma: Number | None = Field(None, description="standard uncertainty, in the same unit")


class Certificate(Part):
    """The paper of a laboratory."""

    number: Id
    laboratory: Name
    accredited: bool = Field(description="accredited for these analytes (ISO/IEC 17025)")
    issued_at: Time


class Sample(Part):
    """A sealed sample tied to one lot."""

    id: Id
    seal: Id | None = None
    taken_at: Time


class Assay(Part):
    """A certificate's results for a sealed sample of a lot."""

    certificate: Certificate
    sample: Sample
    basis: Basis
    moisture_pct: Number | None = Field(
        None, description="of the sample, %; needed where the basis is as-received"
    )
    results: Annotated[tuple[Result, ...], Field(min_length=1, max_length=100)]
    occurred_at: Time = Field(description="when it was recorded; it counts from then")


class Licence(Part):
    """A mining licence."""

    number: Name
    holder: Name
    issued_by: Name
    valid_from: Day
    expires_on: Day
    commodities: Annotated[tuple[str, ...], Field(min_length=1)]
    limit_wet_kg: Number | None = Field(None, description="cumulative mass it allows, kg")


class Owner(Part):
    """An owner of 25 % or more."""

    name: Name
    country: Country
    share_pct: Number


class Location(Part):
    """WGS 84, decimal degrees."""

    lat: Number
    lon: Number


class Origin(Part):
    """A source a lot comes from, and the share of the lot's dry mass that is its."""

    source_id: Id
    name: Name
    country: Country
    licence: Name
    operator: Name
    share: Share


class Parent(Part):
    """A lot that went into another, with its dry mass there and its share of all that went in."""

    lot_id: Id
    dry_kg: Kg
    share: Share


class WetPart(Part):
    """A quantity drawn from, or given to, a lot."""

    lot_id: Id
    wet_kg: Number = Field(description="kg")


class WeighedPart(Part):
    """A quantity of a lot, wet and dry."""

    lot_id: Id
    wet_kg: Kg
    dry_kg: Kg


class Limit(Part):
    """A contract's quality limit."""

    analyte: str
    min: NotNegative | None = None
    max: NotNegative | None = None
    unit: Unit


class Activity(Part):
    """Specific activity of one nuclide."""

    nuclide: Annotated[str, Field(examples=["Th-nat"])]
    value: ResultValue
    unit: Unit
