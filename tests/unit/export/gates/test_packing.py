"""R17: verified gross mass and plate of every container; R13: nothing in bulk yet."""

import pytest

from orestream.export.domain.gates import bulk, packing
from tests.support.cases import CONTAINER, case, shipment, stuffed, weighed


def test_a_container_that_was_weighed_and_agrees_passes() -> None:
    assert packing.judge(case()).verdict == "pass"


def test_a_container_without_a_verified_gross_mass_blocks() -> None:
    gate = packing.judge(case(shipment=shipment(vgms=())))
    assert (gate.verdict, gate.missing) == ("block", (f"{CONTAINER}: vgm",))


def test_every_container_is_asked() -> None:
    two = shipment(containers=(stuffed(), stuffed("TOLU4734787")))
    assert packing.judge(case(shipment=two)).missing == ("TOLU4734787: vgm",)


def test_a_weighing_that_disagrees_blocks() -> None:
    gate = packing.judge(case(shipment=shipment(vgms=(weighed("4000.000", agrees=False),))))
    assert (gate.verdict, gate.differs) == ("block", (CONTAINER,))


@pytest.mark.parametrize(("gross_kg", "verdict"), [("30480.000", "pass"), ("30480.001", "block")])
def test_the_plate_is_the_limit(gross_kg: str, verdict: str) -> None:
    assert packing.judge(case(shipment=shipment(vgms=(weighed(gross_kg),)))).verdict == verdict


def test_a_shipment_by_container_without_a_container_has_nothing_to_load() -> None:
    assert packing.judge(case(shipment=shipment(containers=()))).verdict == "block"


@pytest.mark.parametrize(("mode", "verdict"), [("container", "pass"), ("bulk", "block")])
def test_a_bulk_cargo_does_not_sail_while_its_loading_cannot_be_shown(mode: str, verdict: str) -> None:
    assert bulk.judge(case(shipment=shipment(mode=mode))).verdict == verdict


def test_a_bulk_cargo_needs_no_container() -> None:
    assert packing.judge(case(shipment=shipment(mode="bulk", containers=()))).verdict == "pass"
