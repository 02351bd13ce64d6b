"""R18: papers that are asked for, good, and agree with the shipment."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orestream.contracts.shipments import DocumentAttached, Gate
from orestream.export.domain.case import Case, Step
from orestream.export.domain.gates import papers
from tests.support.cases import AT, ORIGIN, RULES, cargo, case, classified, paper, shipment, stuffed

ASKED = RULES.own.papers.sets[-1].asked["clearance"]
SECOND = "TOLU4734787"


def all_but(*kinds: str) -> list[DocumentAttached]:
    return [paper(kind) for kind in ASKED if kind not in kinds]


def judged(*stating: DocumentAttached, lots: Sequence[Any] = (), **fields: Any) -> Gate:
    kinds = {one.kind for one in stating}
    return papers.judge(case(*lots, papers=[*all_but(*kinds), *stating], **fields))


def test_thirteen_papers_are_asked_for_and_listed_when_they_are_missing() -> None:
    gate = papers.judge(case(step="clear"))
    assert (gate.verdict, gate.why, gate.missing) == ("hold", "13 papers missing", ASKED)
    assert len(ASKED) == 13


@pytest.mark.parametrize("step", ["clear", "dispatch"])
def test_all_of_them_pass(step: Step) -> None:
    assert papers.judge(case(step=step, papers=all_but())).verdict == "pass"


@pytest.mark.parametrize("kind", ASKED)
def test_each_of_them_is_needed(kind: str) -> None:
    assert papers.judge(case(papers=all_but(kind))).missing == (kind,)


@pytest.mark.parametrize(("days", "missing"), [(0, None), (-1, ("financial-instrument",))])
def test_a_paper_is_good_through_its_last_day(days: int, missing: tuple[str, ...] | None) -> None:
    assert judged(paper("financial-instrument", AT.date() + timedelta(days=days))).missing == missing


def test_dangerous_goods_need_the_declaration_in_place_of_the_exemption() -> None:
    dangerous = cargo(classification=classified(dangerous=True, un_number="1549"))
    gate = papers.judge(case(dangerous, papers=all_but()))
    assert gate.missing == ("dangerous-goods-declaration",)
    assert (
        papers.judge(case(dangerous, papers=[*all_but(), paper("dangerous-goods-declaration")])).verdict
        == "pass"
    )


def test_a_route_that_the_table_does_not_know_is_held() -> None:
    gate = papers.judge(case(papers=all_but(), shipment=shipment(to_port="CNSHA")))
    assert (gate.verdict, gate.missing) == ("hold", ("set of papers",))


@pytest.mark.parametrize(
    ("states", "differs"),
    [
        ({"net_wet_kg": Decimal("1050.000")}, None),
        ({"net_wet_kg": Decimal("1055.250")}, None),
        ({"net_wet_kg": Decimal("1055.251")}, "net wet 1055.251 kg, not 1050.000 kg"),
        ({"net_wet_kg": Decimal("1044.749")}, "net wet 1044.749 kg, not 1050.000 kg"),
        ({"net_dry_kg": Decimal("1005.000")}, None),
        ({"net_dry_kg": Decimal("1050.000")}, "net dry 1050.000 kg, not 1000.000 kg"),
        ({"cargo_gross_kg": Decimal("1100.000")}, None),
        ({"cargo_gross_kg": Decimal("3300.000")}, "cargo gross 3300.000 kg, not 1100.000 kg"),
        ({"hs_code": "26171000"}, None),
        ({"hs_code": "26030000"}, "HS 26030000, not 261710"),
        ({"consignee": "buyer "}, None),
        ({"consignee": "Other"}, "consignee Other, not Buyer"),
        ({"containers": ("CSQU3054383",)}, None),
        ({"containers": (SECOND,)}, f"containers {SECOND}, not CSQU3054383"),
        ({"origin": "PK"}, None),
        ({"origin": "AF"}, "origin AF, not PK"),
        ({"lots": ("CON-1",)}, None),
        ({"lots": ("CON-1", "CON-9")}, "lots CON-1, CON-9, not CON-1"),
    ],
)
def test_what_a_paper_states_is_held_against_the_shipment(
    states: dict[str, Any], differs: str | None
) -> None:
    gate = judged(paper("packing-list", **states))
    expected = None if differs is None else (f"packing-list: {differs}",)
    if "containers" in states and differs is not None:
        assert gate.differs is not None
        assert f"packing-list: {differs}" in gate.differs
    else:
        assert gate.differs == expected
    assert gate.verdict == ("pass" if differs is None else "hold")


def test_a_corrected_paper_takes_the_place_of_the_wrong_one() -> None:
    wrong = paper("packing-list", number="DOC-1", net_wet_kg=Decimal(9))
    right = paper("packing-list", number="DOC-2", net_wet_kg=Decimal("1050.000"))
    assert judged(wrong, right).verdict == "pass"
    assert judged(right, wrong).verdict == "hold"


def two_lots() -> dict[str, Any]:
    containers = (stuffed(contents={"CON-1": "1050.000"}), stuffed(SECOND, {"CON-2": "2100.000"}))
    large = cargo("CON-2", wet_kg=Decimal("2100.000"), dry_kg=Decimal("2000.000"))
    both = (classified("CON-1"), classified("CON-2"))
    return {
        "lots": (cargo("CON-1"), large),
        "shipment": shipment(containers=containers, classifications=both),
    }


def test_certificates_of_two_lots_stand_beside_each_other() -> None:
    first = paper("weight-certificate", number="DOC-1", lots=("CON-1",), net_wet_kg=Decimal("1050.000"))
    second = paper("weight-certificate", number="DOC-2", lots=("CON-2",), net_wet_kg=Decimal("2100.000"))
    assert judged(first, second, **two_lots()).verdict == "pass"
    swapped = paper("weight-certificate", number="DOC-3", lots=("CON-2",), net_wet_kg=Decimal("1050.000"))
    assert judged(first, swapped, **two_lots()).differs == (
        "weight-certificate: net wet 1050.000 kg, not 2100.000 kg",
    )


def test_certificates_that_leave_a_lot_out_are_held() -> None:
    only = paper("assay-certificate", lots=("CON-1",))
    assert judged(only, **two_lots()).differs == ("assay-certificate: lots CON-1, not CON-1, CON-2",)


def test_a_loading_programme_for_each_container_is_held_against_its_own() -> None:
    first = paper("loading-programme", number="DOC-1", containers=("CSQU3054383",), net_wet_kg=Decimal(1050))
    second = paper("loading-programme", number="DOC-2", containers=(SECOND,), net_wet_kg=Decimal(2100))
    assert judged(first, second, **two_lots()).verdict == "pass"


def test_a_certificate_of_one_origin_does_not_cover_two_countries() -> None:
    foreign = ORIGIN.model_copy(update={"country": "AF", "share": Decimal("0.5")})
    half = ORIGIN.model_copy(update={"share": Decimal("0.5")})
    mixed = cargo(origins=(half, foreign))
    gate = judged(paper("certificate-of-origin", origin="PK"), lots=(mixed,))
    assert gate.differs == ("certificate-of-origin: origin PK, not AF, PK",)


def test_a_paper_that_nobody_asks_for_is_not_held_against_anything() -> None:
    stray = paper("insurance-certificate", date(2020, 1, 1), net_wet_kg=Decimal(1))
    assert papers.judge(case(papers=[*all_but(), stray])).verdict == "pass"


def test_an_operator_may_add_a_set_that_goes_before_the_general_one() -> None:
    asked: Case = case(papers=all_but())
    assert asked.rules.own.papers.sets[-1].fits("stibnite-concentrate", "container", "PK", "US")
    assert not asked.rules.own.papers.sets[-1].fits("stibnite-concentrate", "air", "PK", "US")
