"""The verified gross mass of a container. Its contents, packing and tare are 3250 kg."""

from decimal import Decimal

import pytest

from orestream.contracts.shipments import (
    ShipmentBlocked,
    ShipmentHeld,
    ShipmentHoldLifted,
    ShipmentReleased,
    VgmRecorded,
)
from tests.support.port import CONTAINER, SECOND_CONTAINER, Port, answer, done, fact, types


@pytest.fixture
def port() -> Port:
    port = Port().allocated()
    done(port.stuff())
    return port


@pytest.mark.parametrize("gross_kg", ["3250.000", "3315.000", "3185.000"])
def test_a_weighing_within_two_per_cent_of_the_sum_agrees(port: Port, gross_kg: str) -> None:
    recorded = fact(port.weigh(gross_kg), VgmRecorded)
    assert (recorded.agrees, recorded.expected_kg) == (True, Decimal("3250.000"))
    assert recorded.difference_kg == Decimal(gross_kg) - Decimal(3250)


@pytest.mark.parametrize("gross_kg", ["3315.001", "3184.999"])
def test_a_mismatch_is_recorded_and_quarantines_the_shipment(port: Port, gross_kg: str) -> None:
    outcome = port.weigh(gross_kg)
    assert answer(outcome) == ("accepted", "R17")
    held = fact(outcome, ShipmentHeld)
    assert (held.kind, held.hold_id, held.differs) == ("quarantine", outcome.command_id, (CONTAINER,))


def test_a_quarantined_shipment_is_left_alone_until_a_weighing_agrees(port: Port) -> None:
    wrong = port.weigh("4000.000", at=21)
    port.stock("CON-2")
    assert answer(port.allocate("CON-2", "1.000", at=22)) == ("refused", "R30")
    assert answer(port.stuff({"CON-1": "1.000"}, container_no=SECOND_CONTAINER, at=22))[1] in {"R03", "R30"}
    assert answer(port.clear(at=22)) == ("refused", "R30")
    agreed = port.weigh("3250.000", at=22.5)
    assert types(agreed) == ["VgmRecorded", "ShipmentHoldLifted"]
    assert fact(agreed, ShipmentHoldLifted).hold_id == wrong.command_id
    assert port.clear(at=23).rule == "R18"


def test_what_was_done_before_the_mismatch_stays_valid(port: Port) -> None:
    port.papers()
    port.weigh("4000.000", at=22)
    done(port.clear(at=21.5))


def test_a_second_mismatch_is_under_the_same_quarantine(port: Port) -> None:
    port.weigh("4000.000")
    again = port.weigh("4100.000")
    assert (answer(again), types(again)) == (("accepted", "R17"), ["VgmRecorded"])


def test_each_container_has_a_quarantine_of_its_own() -> None:
    port = Port().allocated()
    done(port.stuff({"CON-1": "500.000"}))
    done(port.stuff({"CON-1": "500.000"}, container_no=SECOND_CONTAINER))
    port.weigh("4000.000")
    port.weigh("4000.000", container_no=SECOND_CONTAINER)
    port.weigh("2750.000")
    assert answer(port.clear()) == ("refused", "R30")
    port.weigh("2750.000", container_no=SECOND_CONTAINER)
    assert port.clear().rule == "R18"


@pytest.mark.parametrize(("gross_kg", "rule"), [("3300.000", None), ("3300.001", "R17")])
def test_above_the_plate_it_is_blocked_and_not_recorded(gross_kg: str, rule: str | None) -> None:
    port = Port().allocated()
    done(port.stuff(max_gross_kg="3300.000"))
    outcome = port.weigh(gross_kg)
    assert outcome.rule == rule
    if rule is not None:
        assert outcome.status == "refused"
        assert fact(outcome, ShipmentBlocked).step == "vgm"
        assert port.shipment().vgms == ()


def test_a_container_that_is_not_stuffed_for_the_shipment_is_refused(port: Port) -> None:
    assert answer(port.weigh(container_no=SECOND_CONTAINER)) == ("refused", "R04")


@pytest.mark.parametrize("gross_kg", ["0", "-3250.000"])
def test_a_mass_is_above_zero(port: Port, gross_kg: str) -> None:
    assert answer(port.weigh(gross_kg)) == ("refused", "R01")


def test_a_weighing_after_the_sailing_is_refused() -> None:
    assert answer(Port().sailed().weigh(at=25)) == ("refused", "R21")


def test_a_quarantine_is_released_by_somebody_else(port: Port) -> None:
    wrong = port.weigh("4000.000", by="yard")
    assert answer(port.release(shipment_id="SHP-1", by="yard")) == ("refused", "R29")
    released = fact(port.release(shipment_id="SHP-1", by="director"), ShipmentReleased)
    assert released.hold_id == wrong.command_id
    assert answer(port.release(shipment_id="SHP-1")) == ("refused", "R04")


def test_a_release_does_not_replace_the_agreeing_weighing_that_loading_asks_for() -> None:
    port = Port().packed()
    port.weigh("4000.000", at=22)
    done(port.release(shipment_id="SHP-1", at=22.5), port.clear())
    assert answer(port.sail()) == ("refused", "R17")
    done(port.weigh("3250.000", at=23.5), port.sail())


@pytest.mark.parametrize(
    ("named", "rule"),
    [({"batch_id": "B-1"}, "R04"), ({"lot_id": "CON-1", "shipment_id": "SHP-1"}, "R01")],
)
def test_a_release_names_one_thing_that_is_released_here(
    port: Port, named: dict[str, str], rule: str
) -> None:
    assert answer(port.release(**named)) == ("refused", rule)
