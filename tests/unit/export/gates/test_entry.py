"""R20: customs code and reported contents."""

from typing import Any

import pytest

from orestream.export.domain.gates import entry
from tests.support.cases import cargo, case, classified, shipment


@pytest.mark.parametrize("code", ["261710", "26171000", "2617100090"])
def test_a_code_fits_by_its_first_six_digits(code: str) -> None:
    assert entry.judge(case(cargo(classification=classified(hs_code=code)))).verdict == "pass"


def test_a_code_of_another_material_is_held() -> None:
    gate = entry.judge(case(cargo(classification=classified(hs_code="260300"))))
    assert (gate.verdict, gate.differs) == ("hold", ("CON-1: hs_code 260300",))


def test_a_cargo_without_classification_is_held() -> None:
    assert entry.judge(case(cargo(classification=None))).missing == ("CON-1: classification",)


def test_the_contents_that_the_entry_asks_for_are_on_file() -> None:
    copper: dict[str, Any] = {
        "material": "copper-concentrate",
        "classification": classified(hs_code="260300"),
    }
    whole = {"Cu": "25", "Pb": "<0.01", "Zn": "0.4", "Ag": "0.005", "Au": "0.0001"}
    assert entry.judge(case(cargo(grades=whole, **copper))).verdict == "pass"
    gate = entry.judge(case(cargo(grades={"Cu": "25", "Zn": "0.4"}, **copper)))
    assert (gate.verdict, gate.missing) == ("hold", ("CON-1: Pb", "CON-1: Ag", "CON-1: Au"))


def test_what_the_shipper_reports_besides_is_on_file_too() -> None:
    reported = classified(reported_contents=("Sb", "Se"))
    assert entry.judge(case(cargo(classification=reported))).missing == ("CON-1: Se",)


def test_another_destination_asks_for_no_contents() -> None:
    elsewhere = case(cargo(grades={}), shipment=shipment(to_port="CNSHA"))
    assert entry.judge(elsewhere).verdict == "pass"
