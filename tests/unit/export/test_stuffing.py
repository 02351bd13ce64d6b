"""Lots go into containers."""

from decimal import Decimal
from typing import Any

import pytest

from orestream.contracts.shipments import (
    ContainerStuffed,
    GatesChecked,
    ShipmentBlocked,
    ShipmentHeld,
    ShipmentHoldLifted,
)
from tests.support.port import CONTAINER, SECOND_CONTAINER, Port, answer, done, fact, types


@pytest.fixture
def port() -> Port:
    return Port().allocated()


def test_a_container_is_stuffed_behind_its_gates(port: Port) -> None:
    outcome = port.stuff()
    assert types(outcome) == ["GatesChecked", "ContainerStuffed"]
    assert [gate.rule for gate in fact(outcome, GatesChecked).gates] == ["R27", "R14", "R15"]


def test_a_wrong_check_digit_is_refused_before_anything_is_awaited(port: Port) -> None:
    outcome = port.stuff(container_no="CSQU3054384", shipment_id="SHP-UNKNOWN")
    assert answer(outcome) == ("refused", "R16")


def test_an_unknown_shipment_is_awaited(port: Port) -> None:
    assert port.stuff(shipment_id="SHP-UNKNOWN").status == "waiting"


def test_what_is_stuffed_is_no_more_than_what_is_allocated(port: Port) -> None:
    done(port.stuff({"CON-1": "600.000"}))
    more = port.stuff({"CON-1": "403.000"}, container_no=SECOND_CONTAINER)
    assert answer(more) == ("refused", "R03")
    done(port.stuff({"CON-1": "400.000"}, container_no=SECOND_CONTAINER))


def test_a_last_part_may_exceed_by_the_scales_tolerance(port: Port) -> None:
    (part,) = fact(port.stuff({"CON-1": "1002.000"}), ContainerStuffed).contents
    assert (part.dry_kg, part.difference_dry_kg) == (Decimal("1002.000"), Decimal("2.000"))
    assert answer(port.stuff({"CON-1": "0.100"}, container_no=SECOND_CONTAINER)) == ("refused", "R03")


def test_a_lot_that_is_not_allocated_is_refused(port: Port) -> None:
    port.stock("CON-2")
    assert answer(port.stuff({"CON-2": "1.000"})) == ("refused", "R03")


def test_a_seal_is_used_once(port: Port) -> None:
    done(port.stuff({"CON-1": "500.000"}, seal="S-1"))
    second = port.stuff({"CON-1": "500.000"}, seal="S-1", container_no=SECOND_CONTAINER)
    assert answer(second) == ("refused", "R16")


def test_a_container_is_stuffed_once_for_a_shipment(port: Port) -> None:
    done(port.stuff({"CON-1": "500.000"}))
    assert answer(port.stuff({"CON-1": "500.000"})) == ("refused", "R16")


def test_a_container_is_on_one_open_shipment_and_free_again_once_it_has_sailed() -> None:
    port = Port().packed()
    port.stock("CON-2")
    done(port.open("SHP-2"), port.allocate("CON-2", shipment_id="SHP-2"))
    done(port.classify("CON-2", shipment_id="SHP-2"))
    assert answer(port.stuff({"CON-2": "1000.000"}, shipment_id="SHP-2")) == ("refused", "R16")
    done(port.clear(), port.sail())
    done(port.stuff({"CON-2": "1000.000"}, shipment_id="SHP-2", at=25))


@pytest.mark.parametrize(
    "wrong",
    [
        {"tare_kg": "0"},
        {"max_gross_kg": "-1"},
        {"packing_kg": "-0.001"},
        {"contents": [{"lot_id": "CON-1", "wet_kg": "0"}]},
        {"contents": [{"lot_id": "CON-1", "wet_kg": "1"}, {"lot_id": "CON-1", "wet_kg": "1"}]},
    ],
)
def test_masses_are_above_zero_and_a_lot_stands_once(port: Port, wrong: dict[str, Any]) -> None:
    assert answer(port.stuff(**wrong)) == ("refused", "R01")


def test_an_unclassified_cargo_is_blocked_and_stays_out() -> None:
    port = Port()
    port.source()
    port.stock()
    done(port.contract(), port.open(), port.allocate())
    outcome = port.stuff()
    assert answer(outcome) == ("refused", "R27")
    assert fact(outcome, ShipmentBlocked).violation is False
    assert port.shipment().containers == ()
    done(port.classify(), port.stuff())


def test_too_much_arsenic_is_blocked_until_it_is_declared() -> None:
    port = Port()
    port.source()
    port.stock(grades={"Sb": "55", "As": "0.61"})
    done(port.contract(), port.open(), port.allocate(), port.classify(dangerous=True, un_number="1549"))
    assert answer(port.stuff()) == ("refused", "R15")
    done(port.attach("dangerous-goods-declaration"), port.stuff(at=22))


def test_rare_earths_are_held_for_their_radioactivity_until_it_is_on_file() -> None:
    port = Port()
    port.source()
    rare: dict[str, Any] = {"material": "ree-ore", "grades": {"TREO": "4", "Th": "0.01", "U": "0.001"}}
    port.mined("ORE-9", material="ree-ore")
    port.despatched("ORE-9", **rare)
    done(port.receive("ORE-9"), port.contract(material="ree-ore", quality=[]), port.open())
    done(port.allocate("ORE-9"), port.classify("ORE-9", hs_code="253090"))
    held = port.stuff({"ORE-9": "1000.000"})
    assert answer(held) == ("refused", "R14")
    assert fact(held, ShipmentHeld).missing == ("ORE-9: radioactivity",)
    again = port.stuff({"ORE-9": "1000.000"})
    assert types(again) == ["GatesChecked"]
    done(port.test("ORE-9"))
    lifted = fact(port.stuff({"ORE-9": "1000.000"}), ShipmentHoldLifted)
    assert (lifted.hold_id, lifted.rule) == (held.command_id, "R14")


def test_a_hold_of_one_lot_is_not_lifted_by_stuffing_another() -> None:
    port = Port().allocated()
    port.mined("ORE-9", material="ree-ore")
    port.despatched("ORE-9", material="ree-ore", grades={"Sb": "50", "Th": "0.01", "U": "0.001"})
    done(port.receive("ORE-9"), port.waive("quantity"), port.waive("material"))
    done(port.allocate("ORE-9"), port.classify("ORE-9", hs_code="253090"))
    assert answer(port.stuff({"ORE-9": "1000.000"})) == ("refused", "R14")
    other = port.stuff({"CON-1": "1000.000"}, container_no=SECOND_CONTAINER)
    assert types(other) == ["GatesChecked", "ContainerStuffed"]
    assert [hold.rule for hold in port.shipment().gate_holds] == ["R14"]


def test_nothing_is_stuffed_after_the_sailing() -> None:
    assert answer(Port().sailed().stuff(container_no=SECOND_CONTAINER, at=25)) == ("refused", "R21")


def test_a_lot_held_at_the_time_is_not_stuffed(port: Port) -> None:
    port.held("CON-1", at=18.5)
    assert answer(port.stuff(at=19)) == ("refused", "R30")
    done(port.stuff(at=18.2))


def test_the_container_and_its_seal_are_remembered(port: Port) -> None:
    done(port.stuff(seal="S-1"))
    assert port.state("container", CONTAINER).shipment_id == "SHP-1"
    assert port.state("container-seal", "S-1").container_no == CONTAINER


def test_what_was_stuffed_too_much_counts_against_what_is_allocated_later() -> None:
    port = Port()
    port.source()
    port.stock()
    done(port.contract(), port.open(), port.waive("quantity"), port.classify())
    done(port.allocate(wet_kg="500.000"), port.stuff({"CON-1": "502.000"}))
    done(port.allocate(wet_kg="500.000"))
    assert answer(port.stuff({"CON-1": "500.001"}, container_no=SECOND_CONTAINER)) == ("refused", "R03")
    done(port.stuff({"CON-1": "500.000"}, container_no=SECOND_CONTAINER))
