"""R14: radioactivity as a cargo, and uranium and thorium as source material."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orestream.export.domain.gates import radioactivity
from orestream.export.domain.gates.radioactivity import class_7_index
from tests.support.cases import AT, RULES, cargo, case, paper, radiation, shipment

MONAZITE = "ree-mineral-concentrate"
RARE = {"TREO": "60", "Th": "0.01", "U": "0.005"}


def ree(grades: dict[str, str] | None = None, **fields: Any) -> object:
    said = {"material": MONAZITE, "radioactivity": radiation(Th_nat="0.5", U_nat="0.5"), **fields}
    return radioactivity.judge(case(cargo(grades=RARE if grades is None else grades, **said))).verdict


def test_antimony_is_not_asked() -> None:
    assert radioactivity.judge(case()).verdict == "pass"


@pytest.mark.parametrize("material", [MONAZITE, "ree-ore", "mixed-ree-carbonate", "ndpr-oxide"])
def test_rare_earths_without_a_test_are_held(material: str) -> None:
    gate = radioactivity.judge(case(cargo(material=material, grades=RARE)))
    assert gate.verdict == "hold"
    assert gate.missing is not None
    assert "CON-1: radioactivity" in gate.missing


def test_a_test_well_below_the_limit_passes() -> None:
    assert ree() == "pass"


@pytest.mark.parametrize(
    ("thorium", "uranium", "verdict"),
    [("5", "5", "pass"), ("10", "0", "pass"), ("5", "5.0001", "block"), ("<10", "<0.1", "block")],
)
def test_an_index_above_one_blocks(thorium: str, uranium: str, verdict: str) -> None:
    assert ree(radioactivity=radiation(Th_nat=thorium, U_nat=uranium)) == verdict


def test_an_index_above_one_sails_with_class_7_papers() -> None:
    hot = cargo(material=MONAZITE, grades=RARE, radioactivity=radiation(Th_nat="20", U_nat="1"))
    assert radioactivity.judge(case(hot)).missing == ("class-7-declaration",)
    assert radioactivity.judge(case(hot, papers=[paper("class-7-declaration")])).verdict == "pass"


def test_a_flagged_reading_of_any_cargo_counts() -> None:
    hot = cargo(radioactivity=radiation(Th_nat="20", U_nat="1"))
    assert radioactivity.judge(case(hot)).verdict == "block"


def test_a_cracked_material_is_judged_nuclide_by_nuclide() -> None:
    cracked = radiation(state="cracked", Ra_226="40", Ra_228="40", Th_228="2")
    index = class_7_index(cracked, RULES.own.radioactivity, Decimal(10))
    assert index == Decimal("1.0")
    assert ree(radioactivity=cracked) == "pass"
    hotter = radiation(state="cracked", Ra_226="40", Ra_228="40", Th_228="2.1")
    assert ree(radioactivity=hotter) == "block"


def test_a_nuclide_that_was_not_measured_is_asked_for() -> None:
    half = cargo(material=MONAZITE, grades=RARE, radioactivity=radiation(state="cracked", Ra_226="1"))
    gate = radioactivity.judge(case(half))
    assert (gate.verdict, gate.missing) == ("hold", ("CON-1: Ra-228", "CON-1: Th-228"))


@pytest.mark.parametrize(("thorium", "verdict"), [("0.0449", "pass"), ("0.045", "hold")])
def test_source_material_needs_the_receivers_licence(thorium: str, verdict: str) -> None:
    assert ree({"TREO": "60", "Th": thorium, "U": "0.005"}) == verdict


@pytest.mark.parametrize(("days", "verdict"), [(0, "pass"), (-1, "hold")])
def test_a_licence_is_good_through_its_last_day(days: int, verdict: str) -> None:
    rich = cargo(
        material=MONAZITE,
        grades={"TREO": "60", "Th": "0.2", "U": "0.01"},
        radioactivity=radiation(Th_nat="5", U_nat="1"),
    )
    licence = paper("source-material-licence", AT.date() + timedelta(days=days))
    assert radioactivity.judge(case(rich, papers=[licence])).verdict == verdict


@pytest.mark.parametrize(("stage", "verdict"), [("sort", "pass"), ("crush", "pass"), ("gravity", "hold")])
def test_unprocessed_ore_needs_no_licence(stage: str, verdict: str) -> None:
    assert ree({"TREO": "6", "Th": "0.1", "U": "0.1"}, stages=frozenset({"sort", stage})) == verdict


def test_ore_as_it_was_mined_is_unprocessed() -> None:
    assert ree({"Th": "0.1", "U": "0.1"}, material="ree-ore", stages=frozenset()) == "pass"


def test_other_destinations_ask_for_no_licence() -> None:
    rich = cargo(
        material=MONAZITE,
        grades={"Th": "0.2", "U": "0.1"},
        radioactivity=radiation(Th_nat="5", U_nat="1"),
    )
    assert radioactivity.judge(case(rich, shipment=shipment(to_port="CNSHA"))).verdict == "pass"


def test_a_content_is_worked_out_from_its_activity() -> None:
    below = radiation(Th_nat="1.0", U_nat="1.0")
    gate = radioactivity.judge(case(cargo(material=MONAZITE, grades={}, radioactivity=below)))
    assert gate.verdict == "pass"
    assert "Th + U 0.0327 %" in gate.why
    above = radiation(Th_nat="2.0", U_nat="1.0")
    assert (
        radioactivity.judge(case(cargo(material=MONAZITE, grades={}, radioactivity=above))).verdict == "hold"
    )


def test_a_cracked_material_needs_its_thorium_and_uranium_assayed() -> None:
    cracked = radiation(state="cracked", Ra_226="1", Ra_228="1", Th_228="1")
    gate = radioactivity.judge(case(cargo(material="mixed-ree-carbonate", grades={}, radioactivity=cracked)))
    assert (gate.verdict, gate.missing) == ("hold", ("CON-1: Th", "CON-1: U"))
