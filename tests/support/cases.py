"""Cases for gates: a shipment at a step, with everything as it should be but what a test says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from orestream.contracts.parts import Activity, Licence, Limit, Origin, Owner
from orestream.contracts.shipments import (
    CargoClassified,
    ContainerStuffed,
    DocumentAttached,
    ScreeningRecorded,
    StuffedPart,
    TestRecorded,
    VgmRecorded,
)
from orestream.export.app import build
from orestream.export.domain.case import Cargo, Case, Dug, Step
from orestream.export.domain.contract import Contract
from orestream.export.domain.provenance import Source
from orestream.export.domain.shipment import Allocation, Shipment
from orestream.lots.results import grades_of
from tests.support.certificates import results

AT = datetime(2025, 9, 24, 8, tzinfo=UTC)
RULES = build().tables.at(AT)
CONTAINER = "CSQU3054383"
ORIGIN = Origin(
    source_id="SRC-1", name="Mine", country="PK", licence="SYN-1", operator="Cooperative", share=Decimal(1)
)


def classified(lot_id: str = "CON-1", **fields: Any) -> CargoClassified:
    """The shipper's classification of a harmless concentrate."""
    said = {"dangerous": False, "reason": "IMDG 45", "hs_code": "261710", "signatory": "Shipper", **fields}
    return CargoClassified(shipment_id="SHP-1", lot_id=lot_id, **said)


def cargo(
    lot_id: str = "CON-1", grades: Mapping[str, str] | None = None, unit: str = "%", **fields: Any
) -> Cargo:
    """A tonne of stibnite concentrate, made by flotation."""
    measured = {"Sb": "58.10", "As": "0.32"} if grades is None else grades
    said = {
        "material": "stibnite-concentrate",
        "wet_kg": Decimal("1050.000"),
        "dry_kg": Decimal("1000.000"),
        "dry_kg_by_contract": {"CTR-1": Decimal("1000.000")},
        "origins": (ORIGIN,),
        "certificates": (f"CERT-{lot_id}",),
        "stages": frozenset({"flotation"}),
        "classification": classified(lot_id),
        **fields,
    }
    return Cargo(lot_id=lot_id, grades=grades_of(results(measured, unit)), **said)


def paper(
    kind: str, expires_on: date | None = None, number: str | None = None, **states: Any
) -> DocumentAttached:
    """A paper and what it states."""
    said = {"issued_by": "Office", "issued_on": date(2025, 9, 20), "sha256": "0" * 64}
    return DocumentAttached.model_validate(
        {
            "shipment_id": "SHP-1",
            "kind": kind,
            "number": number or f"DOC-{kind}",
            "expires_on": expires_on,
            "states": states,
            **said,
        }
    )


def radiation(lot_id: str = "CON-1", state: str = "natural", **activities: str) -> TestRecorded:
    """A radioactivity test; nuclides as `Th_nat="0.5"`."""
    return TestRecorded(
        shipment_id="SHP-1",
        lot_id=lot_id,
        test="radioactivity",
        tested_at=AT,
        state="natural" if state == "natural" else "cracked",
        activities=tuple(
            Activity(nuclide=nuclide.replace("_", "-"), value=value, unit="Bq/g")
            for nuclide, value in activities.items()
        ),
    )


def stuffed(container_no: str = CONTAINER, contents: Mapping[str, str] | None = None) -> ContainerStuffed:
    """A container with its contents, kg wet, dry less a twentieth part."""
    parts = {"CON-1": "1050.000"} if contents is None else contents
    return ContainerStuffed(
        shipment_id="SHP-1",
        container_no=container_no,
        seal=f"SEAL-{container_no}",
        tare_kg=Decimal("2200.000"),
        max_gross_kg=Decimal("30480.000"),
        packing_kg=Decimal("50.000"),
        contents=tuple(
            StuffedPart(lot_id=lot_id, wet_kg=Decimal(wet), dry_kg=Decimal(wet) / Decimal("1.05"))
            for lot_id, wet in parts.items()
        ),
    )


def weighed(gross_kg: str = "3300.000", container_no: str = CONTAINER, *, agrees: bool = True) -> VgmRecorded:
    """A verified gross mass."""
    return VgmRecorded(
        shipment_id="SHP-1",
        container_no=container_no,
        method=1,
        gross_kg=Decimal(gross_kg),
        expected_kg=Decimal("3300.000"),
        difference_kg=Decimal(gross_kg) - Decimal("3300.000"),
        agrees=agrees,
        signatory="Shipper",
        weighed_at=AT,
    )


def screening(*names: str, until: datetime = AT, at: datetime = AT, **fields: Any) -> ScreeningRecorded:
    """A search of names in a list, with nobody found unless said."""
    said = {
        "shipment_id": "SHP-1",
        "list": {"name": "list", "version": "1"},
        "screened": names or ("SRC-1", "Cooperative", "Seller", "Buyer", "9074729"),
        "valid_until": until,
        "occurred_at": at,
        **fields,
    }
    return ScreeningRecorded.model_validate(said)


def shipment(**fields: Any) -> Shipment:
    """A shipment by container from Karachi to Houston, with one container."""
    said = {
        "contracts": ("CTR-1",),
        "mode": "container",
        "from_port": "PKKHI",
        "to_port": "USHOU",
        "consignee": "Buyer",
        "synthetic": True,
        "containers": (stuffed(),),
        "vgms": (weighed(),),
        "screenings": (screening(),),
        "classifications": (classified(),),
        "allocations": (
            Allocation("CTR-1", "CON-1", "stibnite-concentrate", Decimal(1050), Decimal(1000), (ORIGIN,)),
        ),
        **fields,
    }
    return Shipment(id="SHP-1", **said)


def contract(*quality: Limit, **fields: Any) -> Contract:
    """A tonne of concentrate, five per cent either way."""
    said = {
        "seller": "Seller",
        "buyer": "Buyer",
        "material": "stibnite-concentrate",
        "quantity_dry_kg": Decimal(1000),
        "tolerance_pct": Decimal(5),
        "synthetic": True,
        **fields,
    }
    return Contract(id="CTR-1", quality=quality, **said)


def limit(analyte: str, unit: str = "%", **ends: str) -> Limit:
    """A quality limit: `limit("As", max="0.5")`."""
    return Limit(analyte=analyte, unit=unit, **{end: Decimal(value) for end, value in ends.items()})


def licence(**fields: Any) -> Licence:
    """A licence for antimony, in force."""
    said = {
        "number": "SYN-1",
        "holder": "Cooperative",
        "issued_by": "Department",
        "valid_from": date(2025, 1, 1),
        "expires_on": date(2035, 6, 30),
        "commodities": ("Sb",),
        **fields,
    }
    return Licence(**said)


def owner(name: str = "Cooperative", share_pct: str = "100") -> Owner:
    """An owner of a source."""
    return Owner(name=name, country="PK", share_pct=Decimal(share_pct))


def source(source_id: str = "SRC-1", **fields: Any) -> Source:
    """A licensed source with its owner."""
    said = {"country": "PK", "operator": "Cooperative", "licence": licence(), "owners": (owner(),), **fields}
    return Source(source_id, **said)


def dug(**fields: Any) -> Dug:
    """A lot mined on 3 September 2025."""
    said = {
        "lot_id": "ORE-1",
        "source_id": "SRC-1",
        "material": "antimony-ore",
        "mined_at": datetime(2025, 9, 3, 8, tzinfo=UTC),
        "given_wet_kg": Decimal(24000),
        **fields,
    }
    return Dug(**said)


def case(
    *lots: Cargo, step: Step = "dispatch", papers: Sequence[DocumentAttached] = (), **fields: Any
) -> Case:
    """One lot of concentrate about to sail, all as it should be but its papers."""
    of = fields.pop("shipment", shipment())
    said = {
        "at": AT,
        "contracts": {"CTR-1": contract()},
        "rules": RULES,
        "dug": (dug(),),
        "sources": {"SRC-1": source()},
        "imo": "9074729" if step == "dispatch" else None,
        **fields,
    }
    return Case(
        step=step,
        shipment=replace(of, documents=(*of.documents, *papers)),
        cargo=lots or (cargo(),),
        **said,
    )
