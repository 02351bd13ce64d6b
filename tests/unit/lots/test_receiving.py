"""Receipts of despatched lots: R01, R02, R04, R08."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orestream.contracts.decision import Ref
from orestream.contracts.lots import LotHeld, LotReceived
from orestream.contracts.message import Command
from orestream.lots.state import Expected, InStock
from orestream.mining.app import build as mining
from orestream.processing.app import build as processing
from tests.support.desk import Desk
from tests.support.mine import fact
from tests.support.worlds import Outcome, PureChain


class Gate:
    """A plant's gate behind a mine that has despatched 1000 kg of LOT-1, dry."""

    def __init__(self, *, despatched: bool = True) -> None:
        self.desk = Desk()
        self.chain = PureChain((mining(), processing()))
        self.chain.run([self.desk.source(), self.desk.mine("LOT-1"), self.desk.assay("LOT-1", {"Sb": "5"})])
        if despatched:
            self.despatch()

    def despatch(self) -> None:
        """LOT-1 leaves the mine."""
        self.chain.run([self.desk.despatch("LOT-1")])

    def say(self, said: tuple[str, Command]) -> Outcome:
        """A command's answer, every fact delivered."""
        outcome = self.chain.send(*said)
        self.chain.deliver()
        return outcome

    @property
    def lot(self) -> object:
        """LOT-1 as the plant has it."""
        return self.chain.services["processing"].states[Ref("lot", "LOT-1")]


def test_a_receipt_waits_for_the_despatch() -> None:
    gate = Gate(despatched=False)
    said = gate.desk.receive("LOT-1", "1000.000")
    assert gate.say(said).status == "waiting"
    gate.despatch()
    assert gate.chain.outcomes[said[1].command_id].status == "accepted"


@pytest.mark.parametrize(
    ("dry_kg", "verdict", "rule"),
    [
        ("1000.000", "exact", None),
        ("995.000", "transit-loss", None),
        ("1005.000", "transit-gain", None),
        ("994.999", "beyond-franchise", "R08"),
        ("1005.001", "beyond-franchise", "R08"),
    ],
)
def test_a_difference_within_the_franchise_is_declared_and_one_beyond_it_quarantines(
    dry_kg: str, verdict: str, rule: str | None
) -> None:
    outcome = Gate().say(Gate().desk.receive("LOT-1", dry_kg))
    received = fact(outcome, LotReceived)
    assert (outcome.status, outcome.rule, received.verdict) == ("accepted", rule, verdict)
    assert received.difference_dry_kg == Decimal(dry_kg) - 1000
    assert any(isinstance(one.fact, LotHeld) for one in outcome.facts) == (rule is not None)


def test_the_plant_counts_with_the_moisture_it_measured() -> None:
    gate = Gate()
    gate.say(gate.desk.receive("LOT-1", "1250.000", "20.00"))
    assert isinstance(gate.lot, InStock)
    assert (gate.lot.stock_dry_kg, gate.lot.moisture_pct) == (Decimal("1000.000"), Decimal("20.00"))


def test_a_lot_that_comes_in_parts_is_in_stock_and_judged_when_the_last_part_is_there() -> None:
    gate = Gate()
    partial = fact(gate.say(gate.desk.receive("LOT-1", "500.000", "10", complete=False)), LotReceived)
    assert (partial.verdict, partial.difference_dry_kg) == ("partial", None)
    assert isinstance(gate.lot, Expected)
    last = fact(gate.say(gate.desk.receive("LOT-1", "687.500", "20")), LotReceived)
    assert (last.verdict, last.total_wet_kg, last.total_dry_kg) == (
        "exact",
        Decimal("1187.500"),
        Decimal("1000.000"),
    )
    assert isinstance(gate.lot, InStock)
    assert gate.lot.moisture_pct == Decimal("15.7895")


def test_a_lot_is_received_completely_once_and_a_ticket_counts_once() -> None:
    gate = Gate()
    ticket = gate.desk.ticket("IN-1", "500.000")
    gate.say(gate.desk.receive("LOT-1", "", tickets=[ticket], complete=False))
    again = gate.say(gate.desk.receive("LOT-1", "", tickets=[ticket]))
    gate.say(gate.desk.receive("LOT-1", "500.000"))
    more = gate.say(gate.desk.receive("LOT-1", "1.000"))
    assert [again.rule, more.rule] == ["R02", "R04"]


def test_a_receipt_that_cannot_be_is_refused_before_any_waiting() -> None:
    gate = Gate(despatched=False)
    outcomes = [gate.say(gate.desk.receive("LOT-1", "0")), gate.say(gate.desk.receive("LOT-1", "5", "100"))]
    assert [one.rule for one in outcomes] == ["R01", "R01"]


def test_nothing_is_done_with_a_lot_before_it_is_received_but_to_assay_it() -> None:
    gate = Gate()
    plant = {"service": "processing"}
    split = gate.say(gate.desk.split("LOT-1", {"A": "1"}, **plant))
    despatched = gate.say(gate.desk.despatch("LOT-1", "export", **plant))
    blended = gate.say(gate.desk.blend("MIX", {"LOT-1": "1"}, **plant))
    assayed = gate.say(gate.desk.assay("LOT-1", {"Sb": "5"}, "C-2", **plant))
    assert [(one.status, one.rule) for one in (split, despatched, blended, assayed)] == [
        ("refused", "R03"),
        ("refused", "R03"),
        ("waiting", None),
        ("accepted", None),
    ]


def test_a_lot_may_go_on_to_another_plant_and_be_received_there() -> None:
    gate = Gate()
    gate.say(gate.desk.receive("LOT-1", "1000.000"))
    gate.say(gate.desk.despatch("LOT-1", service="processing", destination="PLANT-2"))
    assert isinstance(gate.lot, Expected)
    received = fact(gate.say(gate.desk.receive("LOT-1", "999.000")), LotReceived)
    assert (received.verdict, received.difference_dry_kg) == ("transit-loss", Decimal("-1.000"))


def test_a_quarantine_at_the_gate_is_released_there_and_not_at_the_mine() -> None:
    gate = Gate()
    gate.say(gate.desk.receive("LOT-1", "900.000"))
    assert gate.say(gate.desk.release(lot_id="LOT-1")).rule == "R04"
    assert gate.say(gate.desk.despatch("LOT-1", "export", service="processing")).rule == "R30"
    assert gate.say(gate.desk.release(lot_id="LOT-1", service="processing")).status == "accepted"
    assert gate.say(gate.desk.despatch("LOT-1", "export", service="processing")).status == "accepted"


def test_a_hold_of_the_mine_is_lifted_at_the_mine_alone() -> None:
    gate = Gate()
    held = gate.desk.hold("LOT-1")
    gate.say(held)
    at_plant = gate.say(gate.desk.lift("LOT-1", held[1].command_id, service="processing"))
    at_mine = gate.say(gate.desk.lift("LOT-1", held[1].command_id))
    assert [(one.status, one.rule) for one in (at_plant, at_mine)] == [("refused", "R04"), ("accepted", None)]


def test_an_assay_made_after_the_despatch_is_known_where_the_lot_is() -> None:
    gate = Gate()
    gate.say(gate.desk.receive("LOT-1", "1000.000"))
    gate.say(gate.desk.assay("LOT-1", {"Sb": "6"}, "LATE"))
    assays = gate.chain.services["processing"].states[Ref("assays", "LOT-1")]
    assert [one.certificate.number for one in assays.on_file] == ["CERT-LOT-1", "LATE"]
