"""R27: every cargo has the shipper's signed classification, as its way of loading asks."""

from __future__ import annotations

from orestream.contracts.shipments import Gate
from orestream.export.domain.case import Cargo, Case
from orestream.export.domain.gates.judged import Finding, StandingGate, judged


def judge(case: Case) -> Gate:
    """Dangerous goods have a UN number; in bulk, every cargo has its IMSBC group and schedule."""
    return judged("R27", (_look(case, cargo) for cargo in case.cargo), "there is no cargo to classify")


def _look(case: Case, cargo: Cargo) -> Finding:
    classified = cargo.classification
    if classified is None:
        return _lacks(cargo, "classification")
    if classified.dangerous and classified.un_number is None:
        return _lacks(cargo, "un_number")
    if case.shipment.mode == "bulk":
        for name in ("imsbc_group", "imsbc_schedule"):
            if getattr(classified, name) is None:
                return _lacks(cargo, name)
    number = f"UN {classified.un_number}" if classified.dangerous else "not dangerous goods"
    return Finding(f"{cargo.lot_id} classified by {classified.signatory}: {number}")


def _lacks(cargo: Cargo, what: str) -> Finding:
    why = f"{cargo.lot_id} has no {what.replace('_', ' ')}: let the shipper classify it"
    return Finding(why, missing=(f"{cargo.lot_id}: {what}",), blocks=True)


GATE = StandingGate("R27", frozenset({"stuff", "dispatch"}), judge)
