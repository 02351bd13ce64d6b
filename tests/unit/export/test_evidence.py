"""Classifications, papers, tests, screenings and waivers go on file, or are refused for what they say."""

from typing import Any

import pytest

from orestream.contracts.shipments import DocumentAttached, ScreeningRecorded, TestRecorded
from tests.support.port import Port, answer, done, fact

TML: dict[str, Any] = {"test": "tml", "state": None, "activities": []}


@pytest.fixture(scope="module")
def port() -> Port:
    return Port().allocated()


def test_a_paper_is_of_a_kind_that_the_table_has(port: Port) -> None:
    refused = port.attach("packing-lists")
    assert answer(refused) == ("refused", "R01")
    assert "packing-list" in str(refused.message)


def test_a_paper_stands_as_it_was_attached(port: Port) -> None:
    states = {"net_wet_kg": "3611.000", "containers": ["CSQU3054383"], "origin": "PK"}
    attached = fact(port.attach("packing-list", states, expires_on="2026-01-01"), DocumentAttached)
    assert attached.states.model_dump(mode="json", exclude_none=True) == states


@pytest.mark.parametrize(
    ("states", "fields"),
    [
        ({"net_wet_kg": "0"}, {}),
        ({"cargo_gross_kg": "-5"}, {}),
        ({}, {"expires_on": "2025-09-19"}),
    ],
)
def test_a_paper_that_cannot_be_is_refused(
    port: Port, states: dict[str, str], fields: dict[str, str]
) -> None:
    assert answer(port.attach("packing-list", states, **fields)) == ("refused", "R01")


@pytest.mark.parametrize(
    "wrong",
    [
        {**TML},
        {**TML, "method": "flow-table", "tml_pct": "9"},
        {**TML, "method": "proctor-fagerberg", "fmp_pct": "9"},
        {**TML, "method": "penetration", "fmp_pct": "100"},
        {**TML, "test": "moisture"},
        {**TML, "test": "moisture", "moisture_pct": "-0.1"},
        {"state": None},
        {"activities": []},
        {"activities": [{"nuclide": "Th-232", "value": "1", "unit": "Bq/g"}]},
        {"activities": [{"nuclide": "Th-nat", "value": "1", "unit": "ppm"}]},
        {"activities": [{"nuclide": "Th-nat", "value": "-1", "unit": "Bq/g"}]},
        {"activities": [{"nuclide": "Th-nat", "value": "1", "unit": "Bq/g"}] * 2},
    ],
)
def test_a_test_states_what_it_measures(port: Port, wrong: dict[str, Any]) -> None:
    assert answer(port.test("CON-1", **wrong)) == ("refused", "R01")


@pytest.mark.parametrize(
    "right",
    [
        {**TML, "method": "flow-table", "fmp_pct": "10.1"},
        {**TML, "method": "proctor-fagerberg", "tml_pct": "9"},
        {**TML, "test": "moisture", "moisture_pct": "7.2"},
        {"activities": [{"nuclide": "Th-nat", "value": "<0.1", "unit": "Bq/g"}]},
    ],
)
def test_a_test_goes_on_file(port: Port, right: dict[str, Any]) -> None:
    assert fact(port.test("CON-1", **right), TestRecorded).lot_id == "CON-1"


def test_evidence_about_a_lot_that_is_not_known_waits_for_it() -> None:
    port = Port().allocated()
    waiting = port.classify("CON-2")
    assert waiting.status == "waiting"
    port.despatched("CON-2")
    assert port.service.outcomes[waiting.command_id].status == "accepted"


def test_what_a_classification_reports_is_an_analyte(port: Port) -> None:
    assert answer(port.classify(reported_contents=["antimony"])) == ("refused", "R01")


def test_the_last_classification_of_a_lot_counts() -> None:
    port = Port().allocated()
    done(port.classify(hs_code="260300"), port.classify(hs_code="261710"))
    assert [one.hs_code for one in port.shipment().classifications] == ["261710"]


def test_a_screening_is_valid_after_it_was_done(port: Port) -> None:
    assert answer(port.screen(until=21)) == ("refused", "R01")
    assert fact(port.screen(until=21.1), ScreeningRecorded).valid_until


def test_a_blocked_share_is_at_most_the_whole(port: Port) -> None:
    hits = [{"name": "Seller", "reason": "listed", "blocked_share_pct": "101"}]
    assert answer(port.screen(hits=hits)) == ("refused", "R01")


@pytest.mark.parametrize(
    ("term", "contract_id", "rule"),
    [("Sb", "CTR-1", None), ("quantity", "CTR-1", None), ("Pb", "CTR-1", "R01"), ("Sb", "CTR-2", "R04")],
)
def test_a_waiver_is_of_a_term_of_the_shipments_contract(
    port: Port, term: str, contract_id: str, rule: str | None
) -> None:
    assert port.waive(term, contract_id=contract_id).rule == rule


def test_papers_tests_and_screenings_come_after_the_sailing_too() -> None:
    port = Port().sailed()
    done(port.attach("entry-summary", at=40), port.test("CON-1", at=40), port.screen(at=40, until=50))
    assert answer(port.classify(at=40)) == ("refused", "R21")
