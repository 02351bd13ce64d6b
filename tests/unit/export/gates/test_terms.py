"""R28: quantity and quality within the contract, or waived."""

from decimal import Decimal

import pytest

from orestream.export.domain.case import Step
from orestream.export.domain.gates import terms
from tests.support.cases import cargo, case, contract, limit, shipment


def of(dry_kg: str) -> dict[str, Decimal]:
    return {"CTR-1": Decimal(dry_kg)}


@pytest.mark.parametrize("dry_kg", ["950.000", "1000.000", "1050.000"])
def test_a_quantity_within_the_tolerance_passes(dry_kg: str) -> None:
    assert terms.judge(case(cargo(dry_kg_by_contract=of(dry_kg)))).verdict == "pass"


@pytest.mark.parametrize("dry_kg", ["949.999", "1050.001"])
@pytest.mark.parametrize("step", ["clear", "dispatch"])
def test_a_quantity_beyond_the_tolerance_is_held(dry_kg: str, step: Step) -> None:
    gate = terms.judge(case(cargo(dry_kg_by_contract=of(dry_kg)), step=step))
    assert (gate.verdict, gate.differs) == ("hold", (f"CTR-1: quantity {dry_kg}",))


def test_an_allocation_may_be_the_first_of_several_and_is_never_too_much() -> None:
    assert terms.judge(case(cargo(dry_kg_by_contract=of("10.000")), step="allocate")).verdict == "pass"
    assert terms.judge(case(cargo(dry_kg_by_contract=of("1050.001")), step="allocate")).verdict == "hold"


def test_lots_under_one_contract_are_added_up() -> None:
    lots = [cargo(f"CON-{one}", dry_kg_by_contract=of("500.000")) for one in (1, 2)]
    assert terms.judge(case(*lots)).verdict == "pass"
    assert terms.judge(case(*lots, cargo("CON-3", dry_kg_by_contract=of("500.000")))).verdict == "hold"


@pytest.mark.parametrize(
    ("content", "verdict"),
    [("50", "pass"), ("49.99", "hold"), ("65", "pass"), ("65.01", "hold"), ("<60", "hold")],
)
def test_quality_is_within_both_ends(content: str, verdict: str) -> None:
    agreed = {"CTR-1": contract(limit("Sb", min="50", max="65"))}
    assert terms.judge(case(cargo(grades={"Sb": content}), contracts=agreed)).verdict == verdict


@pytest.mark.parametrize(("content", "verdict"), [("<0.5", "pass"), ("<0.6", "hold")])
def test_a_detection_limit_counts_as_if_it_were_reached(content: str, verdict: str) -> None:
    agreed = {"CTR-1": contract(limit("As", max="0.5"))}
    assert terms.judge(case(cargo(grades={"As": content}), contracts=agreed)).verdict == verdict


def test_a_limit_in_another_unit_is_converted() -> None:
    agreed = {"CTR-1": contract(limit("As", unit="ppm", max="3200"))}
    assert terms.judge(case(cargo(grades={"As": "0.32"}), contracts=agreed)).verdict == "pass"
    assert terms.judge(case(cargo(grades={"As": "0.321"}), contracts=agreed)).verdict == "hold"


def test_a_limited_analyte_that_was_not_assayed_is_missing() -> None:
    gate = terms.judge(case(contracts={"CTR-1": contract(limit("Pb", max="0.2"))}))
    assert (gate.verdict, gate.missing) == ("hold", ("CON-1: Pb",))


def test_an_activity_says_nothing_about_a_limit_in_percent() -> None:
    agreed = {"CTR-1": contract(limit("Th", max="0.01"))}
    gate = terms.judge(case(cargo(grades={"Th": "0.5"}, unit="Bq/g"), contracts=agreed))
    assert gate.missing == ("CON-1: Th",)


def test_another_material_than_the_contracts_is_held() -> None:
    gate = terms.judge(case(cargo(material="antimony-ore")))
    assert gate.differs == ("CON-1: material",)


@pytest.mark.parametrize("term", ["Sb", "quantity", "material"])
def test_a_waived_term_is_not_asked(term: str) -> None:
    poor = cargo(material="antimony-ore", grades={"Sb": "10"}, dry_kg_by_contract=of("1.000"))
    agreed = {"CTR-1": contract(limit("Sb", min="50"))}
    three = (("CTR-1", "Sb"), ("CTR-1", "quantity"), ("CTR-1", "material"))
    assert terms.judge(case(poor, contracts=agreed, shipment=shipment(waivers=three))).verdict == "pass"
    but_one = tuple(waiver for waiver in three if waiver[1] != term)
    gate = terms.judge(case(poor, contracts=agreed, shipment=shipment(waivers=but_one)))
    assert gate.differs is not None
    assert len(gate.differs) == 1
    assert term in gate.differs[0]


def test_a_lot_under_another_contract_is_not_held_against_this_one() -> None:
    other = cargo("CON-2", grades={"Sb": "1"}, dry_kg_by_contract={"CTR-2": Decimal(1000)})
    agreed = {"CTR-1": contract(limit("Sb", min="50"))}
    assert terms.judge(case(cargo(), other, contracts=agreed)).verdict == "pass"
