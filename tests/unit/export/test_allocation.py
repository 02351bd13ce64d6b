"""A quantity of a lot is meant for a contract."""

from decimal import Decimal

import pytest

from orestream.contracts.lots import LotHeld
from orestream.contracts.shipments import ShipmentHeld, ShipmentHoldLifted, ShipmentLotAllocated
from orestream.lots.state import LOT
from tests.support.port import Port, answer, done, fact, types


@pytest.fixture
def port() -> Port:
    port = Port()
    port.source()
    port.stock(moisture_pct="5")
    done(port.contract(), port.open())
    return port


def left(port: Port) -> Decimal:
    lot = port.state(LOT, "CON-1")
    assert isinstance(lot.stock_dry_kg, Decimal)
    return lot.stock_dry_kg


def test_an_allocation_draws_on_the_stock_counted_dry(port: Port) -> None:
    allocated = fact(port.allocate(wet_kg="400.000"), ShipmentLotAllocated)
    assert (allocated.dry_kg, left(port)) == (Decimal("380.000"), Decimal("570.000"))
    assert [origin.source_id for origin in allocated.origins] == ["SRC-1"]


def test_a_lot_cannot_give_more_than_it_holds(port: Port) -> None:
    done(port.allocate(wet_kg="600.000"))
    assert answer(port.allocate(wet_kg="403.000")) == ("refused", "R03")
    assert left(port) == Decimal("380.000")


def test_a_last_draw_may_exceed_by_the_scales_tolerance_once(port: Port) -> None:
    last = fact(port.allocate(wet_kg="1001.000"), ShipmentLotAllocated)
    assert (last.dry_kg, last.difference_dry_kg) == (Decimal("950.950"), Decimal("0.950"))
    assert left(port) == 0
    assert answer(port.allocate(wet_kg="0.100")) == ("refused", "R03")


@pytest.mark.parametrize("wet_kg", ["0", "-1.000", "0.0004"])
def test_a_quantity_is_above_zero(port: Port, wet_kg: str) -> None:
    assert answer(port.allocate(wet_kg=wet_kg)) == ("refused", "R01")


def test_a_lot_that_is_not_received_is_awaited(port: Port) -> None:
    port.mined("ORE-2")
    port.produced("CON-2", ["ORE-2"])
    port.despatched("CON-2")
    waiting = port.allocate("CON-2", "10.000")
    assert waiting.status == "waiting"
    done(port.receive("CON-2"))
    assert answer(port.service.outcomes[waiting.command_id]) == ("accepted", None)


def test_a_lot_that_is_received_in_part_is_awaited(port: Port) -> None:
    port.mined("ORE-2")
    port.produced("CON-2", ["ORE-2"])
    port.despatched("CON-2")
    done(port.receive("CON-2", "600.000", complete=False))
    waiting = port.allocate("CON-2", "10.000")
    assert waiting.status == "waiting"
    done(port.receive("CON-2", "400.000"))
    assert port.service.outcomes[waiting.command_id].status == "accepted"


def test_a_contract_that_is_not_the_shipments_is_refused(port: Port) -> None:
    done(port.contract("CTR-2"))
    assert answer(port.allocate(contract_id="CTR-2")) == ("refused", "R04")


def test_a_held_lot_is_not_allocated_until_the_hold_ends(port: Port) -> None:
    port.held("ORE-CON-1", at=15)
    assert answer(port.allocate(at=18)) == ("refused", "R30")
    port.lifted("ORE-CON-1", at=19)
    assert answer(port.allocate(at=18.5)) == ("refused", "R30")
    done(port.allocate(at=20))


def test_a_hold_counts_from_when_it_occurred(port: Port) -> None:
    port.held("ORE-CON-1", at=19)
    done(port.allocate(at=18))


def test_more_than_the_contract_allows_is_held_until_the_buyer_waives_it(port: Port) -> None:
    port.stock("CON-2")
    done(port.allocate(wet_kg="1000.000"))
    refused = port.allocate("CON-2", "200.000")
    assert answer(refused) == ("refused", "R28")
    assert fact(refused, ShipmentHeld).hold_id == refused.command_id
    done(port.waive("quantity"))
    accepted = port.allocate("CON-2", "200.000")
    assert types(accepted) == ["ShipmentLotAllocated", "ShipmentHoldLifted"]
    assert fact(accepted, ShipmentHoldLifted).hold_id == refused.command_id


def test_a_lot_outside_the_quality_is_held_until_the_buyer_waives_it(port: Port) -> None:
    port.stock("CON-3", grades={"Sb": "42", "As": "0.1"})
    assert answer(port.allocate("CON-3")) == ("refused", "R28")
    done(port.waive("Sb"), port.allocate("CON-3"))


def test_a_receipt_far_from_its_despatch_quarantines_the_lot_until_it_is_released(port: Port) -> None:
    port.mined("ORE-2")
    port.produced("CON-2", ["ORE-2"])
    port.despatched("CON-2", "1000.000")
    short = port.receive("CON-2", "990.000")
    assert answer(short) == ("accepted", "R08")
    assert fact(short, LotHeld).root == "CON-2"
    assert answer(port.allocate("CON-2", "900.000")) == ("refused", "R30")
    assert answer(port.release(lot_id="CON-2", by="desk", at=18)) == ("refused", "R29")
    done(port.release(lot_id="CON-2", at=19))
    done(port.allocate("CON-2", "900.000", at=20))


def test_an_allocation_waits_until_the_whole_provenance_of_the_lot_is_known() -> None:
    port = Port()
    done(port.contract(), port.open())
    port.despatched("CON-1")
    done(port.receive("CON-1"))
    waiting = port.allocate()
    seen = [port.status(waiting)]
    port.produced("CON-1", ["ORE-CON-1"])
    seen.append(port.status(waiting))
    port.mined("ORE-CON-1")
    seen.append(port.status(waiting))
    port.source()
    assert [*seen, port.status(waiting)] == ["waiting", "waiting", "waiting", "accepted"]
