"""What is said at the port, from the contract to the sailing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.chaos.workload.measures import grade, kg, wet_of
from tests.chaos.workload.names import check_digit
from tests.chaos.workload.ores import Lot
from tests.chaos.workload.story import Story

EXPORT = "export"
BUYER, SELLER, IMO = "Synthetic Strategic Metals", "Synthetic Frontier Works", "9074729"
TARE_G, PACKING_G = 2_200_000, 150_000
MOST_IN_CONTAINER_G = 24_000_000


@dataclass(frozen=True, slots=True)
class Shipment:
    """One lot for one contract, in as many containers as it needs."""

    id: str
    contract_id: str
    lot: Lot
    wet_g: int
    containers: tuple[tuple[str, int], ...]
    """Number, and grams wet in it."""


def sell(story: Story, lot: Lot) -> Shipment:
    """The contract, and a shipment of all of the lot under it."""
    contract_id, wet = story.names.new("CTR"), wet_of(lot.dry_g, lot.moisture)
    terms: dict[str, Any] = {
        "contract_id": contract_id,
        "seller": SELLER,
        "buyer": BUYER,
        "material": lot.material,
        "incoterm": "FCA",
        "place": "PKKHI",
        "quantity_dry_kg": kg(lot.dry_g),
        "tolerance_pct": "5",
        "quality": [
            {"analyte": lot.line.metal, "min": grade(lot.metal_ppm * 9 // 10), "unit": "%"},
            {"analyte": "As", "max": "0.5", "unit": "%"},
        ],
        "synthetic": True,
    }
    story.say(EXPORT, "RegisterContract", contract_id, by="export-desk", **terms)
    shipment = Shipment(story.names.new("SHP"), contract_id, lot, wet, _containers(story, wet))
    _say(story, shipment, "OpenShipment", contracts=[contract_id], mode="container", **_ROUTE)
    return shipment


_ROUTE = {"from_port": "PKKHI", "to_port": "USHOU", "consignee": BUYER}


def _containers(story: Story, wet: int) -> tuple[tuple[str, int], ...]:
    count = -(-wet // MOST_IN_CONTAINER_G)
    each = wet // count
    parts = [each] * (count - 1) + [wet - each * (count - 1)]
    return tuple((story.names.container(), part) for part in parts)


def _say(story: Story, shipment: Shipment, name: str, /, **fields: Any) -> str:
    return story.say(EXPORT, name, shipment.id, **{"by": "export-desk", "shipment_id": shipment.id, **fields})


def allocate(story: Story, shipment: Shipment) -> None:
    """The lot is meant for the contract, and classified."""
    story.offer(
        shipment.id,
        lambda: _misread(story, shipment),
        lambda: _open_again(story, shipment),
        lambda: _sail(story, shipment, meant="refused"),
        lambda: _allocate(story, shipment, "900000000.000", meant="refused"),
    )
    _allocate(story, shipment, kg(shipment.wet_g))
    _say(
        story,
        shipment,
        "ClassifyCargo",
        by="safety-desk",
        lot_id=shipment.lot.id,
        dangerous=False,
        reason="no dangerous goods by its arsenic",
        hs_code=shipment.lot.line.hs_code,
        reported_contents=[shipment.lot.line.metal],
        signatory="Synthetic signatory",
    )


def _allocate(story: Story, shipment: Shipment, wet_kg: str, **more: Any) -> None:
    said = {"contract_id": shipment.contract_id, "lot_id": shipment.lot.id, "wet_kg": wet_kg, **more}
    _say(story, shipment, "AllocateLot", **said)


def stuff(story: Story, shipment: Shipment) -> None:
    """Into its containers, each under a seal."""
    for container_no, wet in shipment.containers:
        _stuff(story, shipment, container_no, wet)


def _stuff(story: Story, shipment: Shipment, container_no: str, wet: int, **more: Any) -> None:
    said = {
        "container_no": container_no,
        "seal": story.names.new("PK-SEAL"),
        "tare_kg": kg(TARE_G),
        "max_gross_kg": "30480.000",
        "packing_kg": kg(PACKING_G),
        "contents": [{"lot_id": shipment.lot.id, "wet_kg": kg(wet)}],
        **more,
    }
    _say(story, shipment, "StuffContainer", by="yard", **said)


def paper(story: Story, shipment: Shipment) -> None:
    """Every paper that the route asks for, each stating what is true; the weights; the screening."""
    if story.refused:
        _clear(story, shipment, meant="refused")
    for kind, states in _papers(shipment).items():
        _say(
            story,
            shipment,
            "AttachDocument",
            kind=kind,
            number=story.names.new("DOC"),
            issued_by="Synthetic issuer",
            issued_on=story.day(),
            expires_on=story.day(400),
            sha256=f"{story.chance.getrandbits(256):064x}",
            states=states,
        )
    for container_no, wet in shipment.containers:
        _weigh(story, shipment, container_no, TARE_G + PACKING_G + wet)
    _screen(story, shipment)


def _papers(shipment: Shipment) -> Mapping[str, Mapping[str, Any]]:
    lot, containers = shipment.lot, [number for number, _ in shipment.containers]
    net, lots = {"net_wet_kg": kg(shipment.wet_g)}, {"lots": [lot.id]}
    gross = kg(shipment.wet_g + PACKING_G * len(containers))
    return {
        "commercial-invoice": {**net, "hs_code": lot.line.hs_code, "consignee": BUYER},
        "packing-list": {**net, "containers": containers},
        "certificate-of-origin": {"origin": "PK", "hs_code": f"{lot.line.hs_code}00"},
        "weight-certificate": net,
        "moisture-certificate": lots,
        "assay-certificate": lots,
        "safety-data-sheet": {},
        "dangerous-goods-exemption": {},
        "financial-instrument": {"consignee": BUYER},
        "single-window-registration": {},
        "royalty-receipt": {"origin": "PK"},
        "loading-programme": {"containers": containers},
        "bill-of-lading-draft": {"cargo_gross_kg": gross, "containers": containers, "consignee": BUYER},
    }


def _weigh(story: Story, shipment: Shipment, container_no: str, gross_g: int) -> None:
    said = {"container_no": container_no, "method": 2, "gross_kg": kg(gross_g), "signatory": "Shipper"}
    _say(story, shipment, "RecordVgm", by="yard", weighed_at=story.now(), **said)


def _screen(story: Story, shipment: Shipment) -> None:
    owners = [name for source in shipment.lot.sources for name in source.names]
    _say(
        story,
        shipment,
        "RecordScreening",
        by="compliance",
        list={"name": "synthetic consolidated list", "version": story.day()},
        screened=list(dict.fromkeys([*owners, SELLER, BUYER, IMO])),
        hits=[],
        valid_until=story.now(60 * 24 * 30),
    )


def sail(story: Story, shipment: Shipment) -> None:
    """Cleared, and away."""
    story.offer(shipment.id, lambda: _misread(story, shipment), lambda: _open_again(story, shipment))
    _clear(story, shipment)
    _sail(story, shipment)
    story.offer(
        shipment.id, lambda: _misread(story, shipment), lambda: _clear(story, shipment, meant="refused")
    )


def _clear(story: Story, shipment: Shipment, **more: Any) -> None:
    said = {"declaration_no": story.names.new("GD"), "office": "PKKHI", "cleared_at": story.now(30), **more}
    _say(story, shipment, "ClearShipment", by="clearing-agent", **said)


def _sail(story: Story, shipment: Shipment, **more: Any) -> None:
    said = {
        "vessel": {"name": "Synthetic vessel", "imo": IMO},
        "voyage": "001W",
        "bill_of_lading": story.names.new("BL"),
        "sailed_at": story.now(30),
        **more,
    }
    _say(story, shipment, "DispatchShipment", by="carrier", **said)


def _misread(story: Story, shipment: Shipment) -> None:
    right = story.names.container()
    wrong = f"{right[:10]}{(check_digit(right[:10]) + 1) % 10}"
    _stuff(story, shipment, wrong, 1_000_000, meant="refused")


def _open_again(story: Story, shipment: Shipment) -> None:
    said = {"contracts": [shipment.contract_id], "mode": "container", **_ROUTE}
    _say(story, shipment, "OpenShipment", meant="refused", **said)
