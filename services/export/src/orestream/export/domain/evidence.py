"""What is put on file for the gates: classifications, papers, tests, screenings and waivers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from orestream.contracts.decimals import write_time
from orestream.contracts.decision import Accepted, Decision, Ref, Refused, Waits, World
from orestream.contracts.export import (
    AttachDocument,
    ClassifyCargo,
    RecordScreening,
    RecordTest,
    WaiveContractTerm,
)
from orestream.contracts.message import Command, Fact
from orestream.contracts.shipments import (
    CargoClassified,
    DocumentAttached,
    ScreeningRecorded,
    ShipmentTermWaived,
    TestRecorded,
)
from orestream.export.domain import shipment
from orestream.export.domain.contract import CONTRACT, Contract
from orestream.export.domain.figures import ExportTables, Rulebook
from orestream.lots.rules import R01, R04, refused
from orestream.lots.state import LOT
from orestream.lots.words import check_known

_ACTIVITY_UNIT = "Bq/g"
_MOST_PCT = 100


def classify(command: ClassifyCargo, world: World, tables: ExportTables) -> Decision:
    """The shipper's classification of a lot; a later one takes its place, until the shipment sails."""
    analytes = tables.at(command.occurred_at).common.analytes
    for analyte in command.reported_contents:
        wrong = check_known("analyte", analyte, analytes)
        if wrong is not None:
            return wrong
    found = shipment.find(world, command.shipment_id)
    if isinstance(found, Waits):
        return found
    return (
        shipment.check_here(found, "classified")
        or _await_lot(command.lot_id, world)
        or Accepted((_same(CargoClassified, command),))
    )


def attach(command: AttachDocument, world: World, tables: ExportTables) -> Decision:
    """A paper of a known kind. Papers are attached after the sailing too: arrival asks for its own."""
    wrong = check_known("kind of paper", command.kind, tables.at(command.occurred_at).own.papers.kinds)
    wrong = wrong or _check_paper(command)
    if wrong is not None:
        return wrong
    found = shipment.find(world, command.shipment_id)
    return found if isinstance(found, Waits) else Accepted((_same(DocumentAttached, command),))


def record_test(command: RecordTest, world: World, tables: ExportTables) -> Decision:
    """A test of a lot as cargo."""
    wrong = _check_test(command, tables.at(command.occurred_at))
    if wrong is not None:
        return wrong
    found = shipment.find(world, command.shipment_id)
    if isinstance(found, Waits):
        return found
    return _await_lot(command.lot_id, world) or Accepted((_same(TestRecorded, command),))


def record_screening(command: RecordScreening, world: World) -> Decision:
    """Names held against a list; it counts from when it was done until it is too old."""
    if command.valid_until <= command.occurred_at:
        until = write_time(command.valid_until)
        return refused(R01, f"the screening was valid until {until}, before it was done", valid_until=until)
    shares = [hit.blocked_share_pct for hit in command.hits if hit.blocked_share_pct is not None]
    if any(not 0 <= share <= _MOST_PCT for share in shares):
        return refused(R01, "a blocked share is from 0 to 100 %", blocked_share_pct=shares)
    found = shipment.find(world, command.shipment_id)
    return found if isinstance(found, Waits) else Accepted((_same(ScreeningRecorded, command),))


def waive(command: WaiveContractTerm, world: World) -> Decision:
    """A term that the contract has, waived for this shipment alone."""
    found = shipment.find(world, command.shipment_id)
    if isinstance(found, Waits):
        return found
    if command.contract_id not in found.contracts:
        why = f"shipment {found.id} is under {', '.join(found.contracts)}, not under {command.contract_id}"
        return refused(R04, why, contract_id=command.contract_id)
    contract: Contract | None = world.get(CONTRACT, command.contract_id)
    assert contract is not None, "a shipment is opened under contracts that are known"
    wrong = check_known("term", command.term, contract.terms)
    return wrong or Accepted((_same(ShipmentTermWaived, command),))


def _same(fact: type[Fact], command: Command) -> Fact:
    """The fact that says what the command said, field by field."""
    stated: Mapping[str, Any] = {
        name: getattr(command, name) for name in fact.model_fields if name in type(command).model_fields
    }
    return fact(**stated)


def _await_lot(lot_id: str, world: World) -> Waits | None:
    if world.get(LOT, lot_id) is not None:
        return None
    return Waits((Ref(LOT, lot_id),), f"{lot_id} has not been despatched here yet")


def _check_paper(command: AttachDocument) -> Refused | None:
    if command.expires_on is not None and command.expires_on < command.issued_on:
        why = f"{command.kind} {command.number} expired on {command.expires_on}, before it was issued"
        return refused(R01, why, issued_on=command.issued_on, expires_on=command.expires_on)
    for name in ("net_wet_kg", "net_dry_kg", "cargo_gross_kg"):
        mass: Decimal | None = getattr(command.states, name)
        if mass is not None and mass <= 0:
            return refused(
                R01, f"{command.kind} states {name} {mass} kg; a mass is above zero", **{name: mass}
            )
    return None


def _check_test(command: RecordTest, rules: Rulebook) -> Refused | None:
    match command.test:
        case "tml":
            return _check_tml(command)
        case "moisture":
            return _check_stated("moisture_pct", command.moisture_pct)
        case "radioactivity":
            return _check_activities(command, rules)


def _check_tml(command: RecordTest) -> Refused | None:
    """Flow-table and penetration find the flow moisture point, Proctor/Fagerberg the limit itself."""
    if command.method is None:
        return refused(R01, "a TML test states its method: flow-table, penetration or proctor-fagerberg")
    if command.method == "proctor-fagerberg":
        return _check_stated("tml_pct", command.tml_pct)
    return _check_stated("fmp_pct", command.fmp_pct)


def _check_stated(name: str, moisture_pct: Decimal | None) -> Refused | None:
    if moisture_pct is not None and 0 <= moisture_pct < _MOST_PCT:
        return None
    stated = "is not stated" if moisture_pct is None else f"is {moisture_pct}"
    return refused(
        R01, f"{name} {stated}; this test gives it, 0 or more and less than 100", **{name: moisture_pct}
    )


def _check_activities(command: RecordTest, rules: Rulebook) -> Refused | None:
    if command.state is None or not command.activities:
        return refused(
            R01, "a radioactivity test states natural or cracked, and the activity of each nuclide"
        )
    nuclides = [activity.nuclide for activity in command.activities]
    known = _nuclides(rules.own.radioactivity.exemption.values())
    for activity in command.activities:
        wrong = check_known("nuclide", activity.nuclide, known) or check_known(
            "unit", activity.unit, {_ACTIVITY_UNIT}
        )
        if wrong is not None:
            return wrong
        if "-" in activity.value:
            why = f"{activity.nuclide} {activity.value} {activity.unit}: an activity is not negative"
            return refused(R01, why, nuclide=activity.nuclide, value=activity.value)
    if len(set(nuclides)) < len(nuclides):
        return refused(R01, "a nuclide is stated twice; one activity each", activities=nuclides)
    return None


def _nuclides(exemptions: Iterable[Mapping[str, object]]) -> set[str]:
    return {nuclide for exemption in exemptions for nuclide in exemption}
