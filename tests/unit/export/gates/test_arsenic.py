"""R15: arsenic in antimony sulphides and oxides."""

from datetime import date, timedelta

import pytest

from orestream.export.domain.gates import arsenic
from tests.support.cases import AT, cargo, case, paper

DECLARATION = "dangerous-goods-declaration"


@pytest.mark.parametrize("content", ["0.32", "0.50", "<0.01", "<0.5"])
def test_arsenic_up_to_the_limit_passes(content: str) -> None:
    gate = arsenic.judge(case(cargo(grades={"As": content})))
    assert gate.verdict == "pass"


def test_a_pass_says_the_content_the_limit_and_the_certificate() -> None:
    gate = arsenic.judge(case(cargo("CON-1")))
    assert (gate.why, gate.evidence) == ("As 0.32 % of dry mass, limit 0.5 %", ("CERT-CON-1",))


@pytest.mark.parametrize("content", ["0.501", "12", "<0.6"])
def test_arsenic_above_the_limit_blocks(content: str) -> None:
    gate = arsenic.judge(case(cargo(grades={"As": content})))
    assert (gate.verdict, gate.missing) == ("block", (DECLARATION,))


def test_arsenic_above_the_limit_sails_as_declared() -> None:
    high = case(cargo(grades={"As": "0.9"}), papers=[paper(DECLARATION)])
    gate = arsenic.judge(high)
    assert gate.verdict == "pass"
    assert f"DOC-{DECLARATION}" in gate.evidence


@pytest.mark.parametrize(("days", "verdict"), [(0, "pass"), (-1, "block")])
def test_a_declaration_is_good_through_its_last_day(days: int, verdict: str) -> None:
    last = AT.date() + timedelta(days=days)
    gate = arsenic.judge(case(cargo(grades={"As": "0.9"}), papers=[paper(DECLARATION, last)]))
    assert gate.verdict == verdict


def test_an_arsenic_content_that_is_not_on_file_blocks() -> None:
    gate = arsenic.judge(case(cargo(grades={"Sb": "58.10"})))
    assert gate.verdict == "block"
    assert "assay CON-1 for As" in gate.why


@pytest.mark.parametrize("unit", ["ppm", "g/t"])
def test_other_units_are_held_against_the_same_limit(unit: str) -> None:
    assert arsenic.judge(case(cargo(grades={"As": "5000"}, unit=unit))).verdict == "pass"
    assert arsenic.judge(case(cargo(grades={"As": "5001"}, unit=unit))).verdict == "block"


def test_copper_concentrate_is_not_asked() -> None:
    gate = arsenic.judge(case(cargo(material="copper-concentrate", grades={"As": "2"})))
    assert gate.verdict == "pass"


def test_one_lot_above_the_limit_blocks_them_all_and_is_named() -> None:
    gate = arsenic.judge(case(cargo("CON-1"), cargo("CON-2", grades={"As": "0.7"})))
    assert gate.verdict == "block"
    assert gate.why.startswith("As 0.7 % of dry mass in CON-2, limit 0.5 %")


def test_a_later_declaration_that_has_expired_takes_the_place_of_a_good_one() -> None:
    papers = [paper(DECLARATION, number="DOC-1"), paper(DECLARATION, date(2025, 9, 1), number="DOC-2")]
    assert arsenic.judge(case(cargo(grades={"As": "0.9"}), papers=papers)).verdict == "block"


def test_an_arsenic_content_that_is_not_on_file_may_be_declared() -> None:
    gate = arsenic.judge(case(cargo(grades={"Sb": "58.10"}), papers=[paper(DECLARATION)]))
    assert (gate.verdict, gate.evidence) == ("pass", (f"DOC-{DECLARATION}",))


def test_an_activity_says_nothing_about_arsenic() -> None:
    assert arsenic.judge(case(cargo(grades={"As": "0.1"}, unit="Bq/g"))).verdict == "block"
