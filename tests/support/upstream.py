"""What mining and processing tell export: facts with everything said that a test does not say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from orestream.contracts.decision import Happened
from orestream.contracts.lots import LotAssayed, LotDespatched, LotHeld, LotHoldLifted
from orestream.contracts.message import Fact
from orestream.contracts.mining import LotMined, SourceRegistered
from orestream.contracts.parts import Origin, Parent, Ticket
from orestream.contracts.processing import BatchProcessed, LotProduced
from orestream.export.app import build
from tests.support.certificates import accredited
from tests.support.worlds import PureService

START = datetime(2025, 9, 1, 8, tzinfo=UTC)
GRADES = {"Sb": "58.10", "As": "0.32"}


def day(number: float) -> datetime:
    """A moment so many days after the start of the test's world."""
    return START + timedelta(days=number)


def origin(source_id: str = "SRC-1", country: str = "PK", share: str = "1") -> Origin:
    """A source as a lot carries it."""
    return Origin(
        source_id=source_id,
        name=f"Mine {source_id}",
        country=country,
        licence="SYN-1",
        operator="Cooperative",
        share=Decimal(share),
    )


class Upstream:
    """Export alone, and the news that reaches it."""

    def __init__(self) -> None:
        self.service = PureService(build())
        self.said = 0

    def hear(self, fact: Fact, at: float = 2, writer: str = "processing") -> list[Fact]:
        """A fact of another service arrives; answers with what follows from it."""
        self.said += 1
        time = fact.happened_at or day(at)
        happened = Happened(fact, time, f"/orestream/main/{writer}", f"f-{self.said}", "upstream")
        return [one.fact for one in self.service.receive(happened)]

    def source(self, source_id: str = "SRC-1", **fields: Any) -> None:
        """A licensed source is told of."""
        licence = {
            "number": "SYN-1",
            "holder": "Cooperative",
            "issued_by": "Department",
            "valid_from": "2025-01-01",
            "expires_on": "2035-06-30",
            "commodities": ["Sb", "REE", "Cu"],
        } | fields.pop("licence", {})
        said = {
            "source_id": source_id,
            "name": f"Mine {source_id}",
            "country": "PK",
            "licence": licence,
            "operator": "Cooperative",
            "owners": [{"name": "Cooperative", "country": "PK", "share_pct": "100"}],
            **fields,
        }
        self.hear(SourceRegistered.model_validate_json(json.dumps(said)), at=0, writer="mining")

    def mined(
        self,
        lot_id: str = "ORE-1",
        source_id: str = "SRC-1",
        wet_kg: str = "50000.000",
        at: float = 2,
        **more: Any,
    ) -> None:
        """A lot out of the ground is told of."""
        ticket = Ticket(
            number=f"WB-{lot_id}",
            weighbridge="wb",
            gross_kg=Decimal(wet_kg),
            tare_kg=Decimal(0),
            weighed_at=day(at),
        )
        said = {
            "material": "antimony-ore",
            "tickets": (ticket,),
            "moisture_pct": Decimal(0),
            "origins": (origin(source_id),),
            **more,
        }
        mass = Decimal(wet_kg)
        self.hear(LotMined(lot_id=lot_id, wet_kg=mass, dry_kg=mass, **said), at=at, writer="mining")

    def produced(
        self,
        lot_id: str,
        parents: Sequence[str],
        stage: str = "flotation",
        material: str = "stibnite-concentrate",
        **more: Any,
    ) -> None:
        """A lot was made in a batch of its own."""
        batch_id = f"B-{lot_id}"
        self.batch(batch_id, stage)
        share = Decimal(1) / len(parents)
        said = {
            "role": "product",
            "wet_kg": Decimal(1000),
            "moisture_pct": Decimal(0),
            "dry_kg": Decimal(1000),
            "parents": tuple(Parent(lot_id=one, dry_kg=Decimal(500), share=share) for one in parents),
            "origins": (origin(),),
            **more,
        }
        self.hear(LotProduced(lot_id=lot_id, batch_id=batch_id, material=material, **said), at=9)

    def batch(self, batch_id: str, stage: str = "flotation") -> None:
        """A batch has run."""
        said = {
            "plant_id": "PLANT-1",
            "kind": "physical",
            "started_at": day(8),
            "ended_at": day(9),
            "inputs": (),
            "outputs": (),
            "balance": {},
            "yield_pct": Decimal(7),
            "verdict": "balanced",
            "rules_version": "2025-09-01",
        }
        self.hear(BatchProcessed(batch_id=batch_id, stage=stage, **said), at=9)

    def despatched(
        self,
        lot_id: str,
        wet_kg: str = "1000.000",
        moisture_pct: str = "0",
        grades: Mapping[str, str] = GRADES,
        material: str = "stibnite-concentrate",
        **more: Any,
    ) -> None:
        """A lot is on its way to the port, with an assay of its own."""
        wet, moisture = Decimal(wet_kg), Decimal(moisture_pct)
        said = {
            "wet_kg": wet,
            "moisture_pct": moisture,
            "dry_kg": wet * (100 - moisture) / 100,
            "assays": (accredited(f"CERT-{lot_id}", grades, taken_at=day(10), occurred_at=day(13)),),
            "origins": (origin(),),
            **more,
        }
        fact = LotDespatched(lot_id=lot_id, to="export", destination="Karachi", material=material, **said)
        self.hear(fact, at=14)

    def assayed(self, lot_id: str, grades: Mapping[str, str], at: float) -> None:
        """A later assay of a lot is told of."""
        known = accredited(f"CERT-{lot_id}-{at}", grades, taken_at=day(at), occurred_at=day(at))
        said = {name: getattr(known, name) for name in ("certificate", "sample", "basis", "results")}
        self.hear(LotAssayed(lot_id=lot_id, **said), at=at)

    def held(self, lot_id: str, hold_id: str = "hold-1", at: float = 30, **more: Any) -> list[Fact]:
        """A lot is held; answers with what follows."""
        said = {
            "kind": "hold",
            "cause": "origin",
            "root": lot_id,
            "reason": "in doubt",
            "by": "quality",
            "occurred_at": day(at),
            **more,
        }
        return self.hear(LotHeld(lot_id=lot_id, hold_id=hold_id, **said), writer="mining")

    def lifted(self, lot_id: str, hold_id: str = "hold-1", at: float = 35, **more: Any) -> list[Fact]:
        """A hold has ended; answers with what follows."""
        said = {
            "kind": "hold",
            "root": lot_id,
            "reason": "settled",
            "authority": "director",
            "by": "director",
            "occurred_at": day(at),
            **more,
        }
        return self.hear(LotHoldLifted(lot_id=lot_id, hold_id=hold_id, **said), writer="mining")
