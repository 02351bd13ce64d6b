"""The vessel sails after clearance, past every gate once more."""

from decimal import Decimal

import pytest

from orestream.contracts.lots import LotHeld
from orestream.contracts.shipments import (
    GatesChecked,
    ShipmentBlocked,
    ShipmentDispatched,
    ShipmentHeld,
)
from tests.support.port import CONTAINER, SECOND_CONTAINER, Port, answer, done, fact, types
from tests.support.upstream import day


def test_every_gate_is_judged_again_and_the_sailing_told() -> None:
    outcome = Port().cleared().sail()
    assert types(outcome) == ["GatesChecked", "ShipmentDispatched"]
    rules = [gate.rule for gate in fact(outcome, GatesChecked).gates]
    assert rules == ["R27", "R14", "R15", "R13", "R17", "R18", "R20", "R19", "R28"]


def test_a_sailing_tells_what_is_on_board_and_the_metal_in_it() -> None:
    sailed = fact(Port().cleared().sail(), ShipmentDispatched)
    (lot,) = sailed.lots
    assert (lot.contract_id, lot.certificate) == ("CTR-1", "CERT-CON-1")
    assert lot.contained_kg == {"Sb": Decimal("581.000"), "As": Decimal("3.200")}
    assert [origin.source_id for origin in lot.origins] == ["SRC-1"]
    assert (sailed.dry_kg, sailed.containers, sailed.synthetic) == (Decimal("1000.000"), (CONTAINER,), True)


def test_a_sailing_without_clearance_is_refused_and_recorded_as_a_violation() -> None:
    port = Port().packed()
    outcome = port.sail(at=22)
    assert answer(outcome) == ("refused", "R21")
    blocked = fact(outcome, ShipmentBlocked)
    assert (blocked.violation, blocked.sailed_at) == (True, day(22))
    assert blocked.vessel is not None
    assert blocked.vessel.imo == "9074729"


def test_a_violation_blocks_nothing_later() -> None:
    port = Port().packed()
    port.sail(at=22)
    done(port.clear(at=23), port.sail(at=24))


def test_a_sailing_before_the_clearance_is_one_without_it() -> None:
    port = Port().cleared()
    assert answer(port.sail(at=22)) == ("refused", "R21")


def test_a_shipment_sails_once() -> None:
    port = Port().sailed()
    again = port.sail(at=25)
    assert (answer(again), again.facts) == (("refused", "R21"), ())
    assert answer(port.clear(at=25)) == ("refused", "R21")
    assert answer(port.allocate(at=25)) == ("refused", "R21")


def test_a_missing_weighing_blocks_the_sailing_until_it_is_there() -> None:
    port = Port().allocated()
    done(port.stuff(), port.screen())
    port.papers()
    done(port.clear())
    outcome = port.sail()
    assert answer(outcome) == ("refused", "R17")
    assert fact(outcome, ShipmentBlocked).violation is False
    done(port.weigh(at=24), port.sail(at=24.5))


def test_evidence_that_has_expired_since_the_clearance_holds() -> None:
    port = Port().packed()
    done(port.attach("financial-instrument", expires_on="2025-09-24"), port.clear(at=23))
    outcome = port.sail(at=24)
    assert answer(outcome) == ("refused", "R18")
    assert fact(outcome, ShipmentHeld).missing == ("financial-instrument",)
    done(port.attach("financial-instrument", expires_on="2026-09-24"), port.sail(at=24))


@pytest.mark.parametrize(("at", "rule"), [(28, None), (28.01, "R19")])
def test_a_screening_that_has_run_out_holds(at: float, rule: str | None) -> None:
    assert Port().cleared().sail(at=at).rule == rule


def test_a_hit_blocks() -> None:
    port = Port().cleared()
    done(port.screen(at=23.5, hits=[{"name": "9074729", "reason": "listed vessel"}]))
    outcome = port.sail()
    assert answer(outcome) == ("refused", "R19")
    assert fact(outcome, ShipmentBlocked).rule == "R19"


def test_a_licence_that_was_exhausted_when_the_ore_was_mined_holds() -> None:
    port = Port()
    port.source(licence={"limit_wet_kg": "60000.000"})
    port.mined("ORE-0", wet_kg="10000.000", at=1)
    port.mined("ORE-OLD", wet_kg="1.000", at=-40)
    port.mined("ORE-LATER", wet_kg="90000.000", at=3)
    port.stock()
    done(port.contract(), port.open(), port.allocate(), port.classify(), port.stuff())
    port.papers()
    done(port.weigh(), port.screen(), port.clear())
    outcome = port.sail()
    assert answer(outcome) == ("refused", "R19")
    assert fact(outcome, ShipmentHeld).differs == ("ORE-CON-1: licence SYN-1",)
    assert "60001.000 kg" in str(outcome.message)


def test_what_is_not_in_a_container_stays_behind() -> None:
    port = Port().allocated()
    done(port.stuff({"CON-1": "960.000"}))
    port.papers()
    done(port.weigh("3210.000"), port.screen(), port.clear())
    assert fact(port.sail(), ShipmentDispatched).dry_kg == Decimal("960.000")


def test_a_lot_under_two_contracts_is_told_contract_by_contract() -> None:
    port = Port()
    port.source()
    port.stock()
    half = {"quantity_dry_kg": "500.000"}
    done(port.contract("CTR-1", **half), port.contract("CTR-2", **half))
    done(port.open(contracts=["CTR-1", "CTR-2"]))
    done(port.allocate(wet_kg="490.000"), port.allocate(wet_kg="510.000", contract_id="CTR-2"))
    done(port.classify(), port.stuff({"CON-1": "300.000"}))
    done(port.stuff({"CON-1": "700.000"}, container_no=SECOND_CONTAINER))
    port.papers()
    done(port.weigh("2550.000"), port.weigh("2950.000", container_no=SECOND_CONTAINER))
    done(port.screen(), port.clear())
    lots = fact(port.sail(), ShipmentDispatched).lots
    assert [(lot.contract_id, lot.dry_kg) for lot in lots] == [
        ("CTR-1", Decimal("490.000")),
        ("CTR-2", Decimal("510.000")),
    ]


def test_a_quarantine_told_by_processing_stops_the_sailing() -> None:
    port = Port().cleared()
    port.held("CON-1", at=23.5, kind="quarantine", cause="R07", root="B-CON-1")
    assert answer(port.sail()) == ("refused", "R30")
    assert port.facts(LotHeld) == []


def test_a_hold_for_what_stays_behind_ends_with_the_sailing() -> None:
    port = Port().allocated()
    port.stock("CON-2", grades={"Sb": "58", "As": "0.2"})
    done(port.waive("quantity"), port.allocate("CON-2", "10.000"), port.stuff())
    port.papers()
    assert answer(port.clear()) == ("refused", "R20")
    done(port.classify("CON-2"), port.weigh(), port.screen(), port.clear())
    done(port.attach("packing-list", {"net_wet_kg": "1.000"}))
    assert answer(port.sail()) == ("refused", "R18")
    done(port.attach("packing-list", {"net_wet_kg": "1000.000"}))
    assert types(port.sail()) == ["GatesChecked", "ShipmentHoldLifted", "ShipmentDispatched"]
    assert port.shipment().gate_holds == ()
