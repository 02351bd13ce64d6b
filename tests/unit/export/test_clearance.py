"""Customs clear the goods behind every gate."""

import pytest

from orestream.contracts.shipments import (
    GatesChecked,
    ShipmentCleared,
    ShipmentHeld,
    ShipmentHoldLifted,
)
from tests.support.port import PAPERS, Port, answer, done, fact, types


@pytest.fixture
def port() -> Port:
    port = Port().allocated()
    done(port.stuff())
    return port


def test_missing_papers_hold_the_shipment_and_are_listed(port: Port) -> None:
    outcome = port.clear()
    assert answer(outcome) == ("refused", "R18")
    assert types(outcome) == ["GatesChecked", "ShipmentHeld"]
    held = fact(outcome, ShipmentHeld)
    assert (held.hold_id, held.kind, held.missing) == (outcome.command_id, "hold", PAPERS)
    assert fact(outcome, GatesChecked).verdict == "hold"


def test_the_same_hold_is_not_told_twice(port: Port) -> None:
    port.clear()
    assert types(port.clear()) == ["GatesChecked"]


def test_a_hold_whose_list_has_changed_is_told_again_under_its_own_id(port: Port) -> None:
    first = port.clear()
    port.papers(PAPERS[:5])
    held = fact(port.clear(), ShipmentHeld)
    assert (held.hold_id, held.missing) == (first.command_id, PAPERS[5:])


def test_a_hold_is_lifted_when_its_gate_passes(port: Port) -> None:
    first = port.clear()
    port.papers()
    outcome = port.clear()
    assert types(outcome) == ["GatesChecked", "ShipmentHoldLifted", "ShipmentCleared"]
    assert fact(outcome, ShipmentHoldLifted).hold_id == first.command_id
    assert port.shipment().gate_holds == ()


def test_a_gate_that_passes_is_lifted_even_where_another_holds(port: Port) -> None:
    port.clear()
    port.papers()
    done(port.classify(hs_code="260300"))
    outcome = port.clear()
    assert answer(outcome) == ("refused", "R20")
    assert types(outcome) == ["GatesChecked", "ShipmentHoldLifted", "ShipmentHeld"]


def test_of_several_broken_rules_the_first_is_reported_and_all_are_told(port: Port) -> None:
    done(port.classify(hs_code="260300"))
    outcome = port.clear()
    assert answer(outcome) == ("refused", "R18")
    assert [one.rule for one in port.facts(ShipmentHeld)] == ["R18", "R20"]


def test_a_shipment_is_cleared_once(port: Port) -> None:
    port.papers()
    assert fact(port.clear(), ShipmentCleared).declaration_no == "GD-1"
    assert answer(port.clear()) == ("refused", "R21")


def test_an_empty_shipment_is_not_what_was_sold() -> None:
    port = Port()
    done(port.contract(), port.open())
    assert answer(port.clear()) == ("refused", "R28")


def test_less_than_the_contract_is_held_until_the_buyer_waives_it() -> None:
    port = Port()
    port.source()
    port.stock()
    done(port.contract(), port.open(), port.allocate(wet_kg="900.000"), port.classify())
    done(port.stuff({"CON-1": "900.000"}))
    port.papers()
    assert answer(port.clear()) == ("refused", "R28")
    done(port.waive("quantity"), port.clear())


def test_the_assay_that_counts_is_the_latest_known_at_the_time(port: Port) -> None:
    port.papers()
    port.assayed("CON-1", {"Sb": "40", "As": "0.2"}, at=22.9)
    assert answer(port.clear(at=23)) == ("refused", "R28")
    done(port.clear(at=22.5))


def test_a_lot_held_at_the_time_is_not_cleared(port: Port) -> None:
    port.papers()
    port.held("ORE-CON-1", at=22)
    assert answer(port.clear(at=23)) == ("refused", "R30")
    done(port.clear(at=21.5))
