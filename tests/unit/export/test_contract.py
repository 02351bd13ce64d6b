"""Contracts and the shipments opened under them."""

from typing import Any

import pytest

from orestream.contracts.shipments import ShipmentOpened
from tests.support.port import Port, answer, done, fact


def test_a_contract_id_counts_once() -> None:
    port = Port()
    done(port.contract())
    assert answer(port.contract(buyer="Other")) == ("refused", "R04")


@pytest.mark.parametrize(
    "wrong",
    [
        {"material": "antimony"},
        {"quantity_dry_kg": "0"},
        {"tolerance_pct": "-1"},
        {"tolerance_pct": "100"},
        {"quality": [{"analyte": "Sb", "unit": "%"}]},
        {"quality": [{"analyte": "Sb", "min": "60", "max": "50", "unit": "%"}]},
        {"quality": [{"analyte": "Sb", "min": "50", "unit": "percent"}]},
        {"quality": [{"analyte": "Antimony", "min": "50", "unit": "%"}]},
    ],
)
def test_terms_that_nothing_can_meet_are_refused(wrong: dict[str, Any]) -> None:
    assert answer(Port().contract(**wrong)) == ("refused", "R01")


def test_a_shipment_waits_for_its_contracts() -> None:
    port = Port()
    done(port.contract("CTR-1"))
    waiting = port.open(contracts=["CTR-1", "CTR-2"])
    assert waiting.status == "waiting"
    done(port.contract("CTR-2", synthetic=False))
    opened = fact(port.service.outcomes[waiting.command_id], ShipmentOpened)
    assert (opened.contracts, opened.synthetic) == (("CTR-1", "CTR-2"), True)


def test_a_shipment_id_counts_once() -> None:
    port = Port()
    done(port.contract(), port.open())
    assert answer(port.open(contracts=["CTR-UNKNOWN"])) == ("refused", "R04")


def test_a_contract_stands_once_in_a_shipment() -> None:
    port = Port()
    done(port.contract())
    assert answer(port.open(contracts=["CTR-1", "CTR-1"])) == ("refused", "R01")
