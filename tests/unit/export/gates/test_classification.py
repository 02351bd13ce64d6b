"""R27: the shipper's classification of every cargo."""

import pytest

from orestream.export.domain.gates import classification
from tests.support.cases import cargo, case, classified, shipment


def test_a_classified_cargo_passes() -> None:
    assert classification.judge(case()).verdict == "pass"


def test_a_cargo_without_classification_blocks() -> None:
    gate = classification.judge(case(cargo("CON-1"), cargo("CON-2", classification=None)))
    assert (gate.verdict, gate.missing) == ("block", ("CON-2: classification",))


@pytest.mark.parametrize(("number", "verdict"), [(None, "block"), ("1549", "pass")])
def test_dangerous_goods_have_a_un_number(number: str | None, verdict: str) -> None:
    dangerous = classified(dangerous=True, un_number=number)
    assert classification.judge(case(cargo(classification=dangerous))).verdict == verdict


@pytest.mark.parametrize(
    ("group", "schedule", "verdict"),
    [(None, None, "block"), ("A", None, "block"), ("A", "Mineral concentrates", "pass")],
)
def test_in_bulk_a_cargo_has_its_group_and_schedule(
    group: str | None, schedule: str | None, verdict: str
) -> None:
    known = classified(imsbc_group=group, imsbc_schedule=schedule)
    in_bulk = case(cargo(classification=known), shipment=shipment(mode="bulk"))
    assert classification.judge(in_bulk).verdict == verdict
