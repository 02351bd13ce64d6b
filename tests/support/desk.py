"""People and instruments of tests: commands with everything said that a test does not say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from orestream.contracts.decimals import write_time
from orestream.contracts.message import Command
from tests.support.worlds import parse

START = datetime(2025, 9, 1, 8, tzinfo=UTC)


def hour(number: float) -> str:
    """A moment so many hours after the start of the test's world, as commands write it."""
    return write_time(START + timedelta(hours=number))


class Desk:
    """Makes commands with ids of their own, an hour after the one before unless a time is stated."""

    def __init__(self, prefix: str = "t") -> None:
        self._prefix = prefix
        self._made = 0

    def command(self, name: str, /, **fields: Any) -> tuple[str, Command]:
        """A command and the service it goes to."""
        self._made += 1
        at = fields.pop("at", self._made)
        said = {
            "command": name,
            "command_id": f"{self._prefix}-{self._made:04d}",
            "occurred_at": hour(at) if isinstance(at, int | float) else at,
            "by": "somebody",
            **fields,
        }
        return parse(said)

    def source(self, source_id: str = "SRC-1", **fields: Any) -> tuple[str, Command]:
        """A licensed place."""
        licence = {
            "number": "SYN-1",
            "holder": "Cooperative",
            "issued_by": "Department",
            "valid_from": "2025-01-01",
            "expires_on": "2035-06-30",
            "commodities": ["Sb"],
        }
        said = {"name": f"Mine {source_id}", "country": "PK", "operator": "Cooperative", "licence": licence}
        return self.command("RegisterSource", source_id=source_id, **{**said, "synthetic": True, **fields})

    def mine(
        self, lot_id: str, wet_kg: str = "1000.000", moisture_pct: str = "0", **fields: Any
    ) -> tuple[str, Command]:
        """A lot on one ticket of its own."""
        said: dict[str, Any] = {"source_id": "SRC-1", "material": "antimony-ore", "mineral": "stibnite"}
        weighed = self.ticket(f"WB-{lot_id}", wet_kg)
        said |= {"tickets": [weighed], "moisture_pct": moisture_pct, **fields}
        return self.command("MineLot", lot_id=lot_id, **said)

    def ticket(self, number: str, net_kg: str, tare_kg: str = "0") -> Mapping[str, Any]:
        """A weighing."""
        return {
            "number": number,
            "weighbridge": "wb",
            "gross_kg": net_kg,
            "tare_kg": tare_kg,
            "weighed_at": hour(self._made),
        }

    def assay(
        self, lot_id: str, results: Mapping[str, str], number: str | None = None, /, **fields: Any
    ) -> tuple[str, Command]:
        """An accredited certificate in percent of dry mass, on a sealed sample, `4.60 ± 0.06` with its σ."""
        number = number or f"CERT-{lot_id}"
        taken_at = fields.pop("taken_at", hour(self._made + 1))
        said = {
            "service": "mining",
            "certificate": {
                "number": number,
                "laboratory": "House",
                "accredited": fields.pop("accredited", True),
                "issued_at": taken_at,
            },
            "sample": {
                "id": f"S-{number}",
                "seal": fields.pop("seal", f"SEAL-{number}"),
                "taken_at": taken_at,
            },
            "basis": "dry",
            "results": [result(analyte, text) for analyte, text in results.items()],
        }
        return self.command("AssayLot", lot_id=lot_id, **{**said, **fields})

    def split(self, lot_id: str, parts: Mapping[str, str], **fields: Any) -> tuple[str, Command]:
        """Parts of a lot."""
        return self.command("SplitLot", lot_id=lot_id, parts=wet(parts), **{"service": "mining", **fields})

    def blend(self, lot_id: str, parts: Mapping[str, str], **fields: Any) -> tuple[str, Command]:
        """Parts of lots in a new one."""
        said = {"service": "mining", "material": "antimony-ore", **fields}
        return self.command("BlendLots", lot_id=lot_id, parts=wet(parts), **said)

    def despatch(self, lot_id: str, to: str = "processing", **fields: Any) -> tuple[str, Command]:
        """All of a lot leaves."""
        said = {"service": "mining", "destination": "PLANT-1", **fields}
        return self.command("DespatchLot", lot_id=lot_id, to=to, **said)

    def hold(self, lot_id: str, cause: str = "origin", **fields: Any) -> tuple[str, Command]:
        """A hold, by the quality desk."""
        said = {"service": "mining", "by": "quality", "reason": "in doubt", "authority": "manager", **fields}
        return self.command("HoldLot", lot_id=lot_id, cause=cause, **said)

    def lift(self, lot_id: str, hold_id: str, **fields: Any) -> tuple[str, Command]:
        """The end of a hold, by the director."""
        said = {"service": "mining", "by": "director", "reason": "settled", "authority": "director", **fields}
        return self.command("LiftHold", lot_id=lot_id, hold_id=hold_id, **said)

    def release(self, **fields: Any) -> tuple[str, Command]:
        """The end of a quarantine, by the director."""
        said = {"service": "mining", "by": "director", "reason": "checked", "authority": "director", **fields}
        return self.command("ReleaseQuarantine", **said)

    def receive(
        self, lot_id: str, wet_kg: str, moisture_pct: str = "0", **fields: Any
    ) -> tuple[str, Command]:
        """A check-in weighing on one ticket of its own."""
        tickets = [self.ticket(f"IN-{lot_id}-{self._made}", wet_kg)]
        said = {"service": "processing", "place": "PLANT-1", "tickets": tickets, **fields}
        return self.command("ReceiveLot", lot_id=lot_id, moisture_pct=moisture_pct, **said)


def result(analyte: str, text: str) -> Mapping[str, Any]:
    """A result in percent from its short form."""
    value, _, sigma = text.partition(" ± ")
    stated = {"analyte": analyte, "value": value, "unit": "%"}
    return stated | ({"sigma": sigma} if sigma else {})


def wet(parts: Mapping[str, str]) -> list[Mapping[str, str]]:
    """Quantities of lots."""
    return [{"lot_id": lot_id, "wet_kg": kg} for lot_id, kg in parts.items()]
