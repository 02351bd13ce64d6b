"""What a batch's balance says of it: R06 to R09 at their boundaries, and where its tolerances come from."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orestream.contracts.processing import (
    BatchQuarantined,
    InProcess,
    Loss,
    Reagent,
    Wip,
)
from tests.support.batches import SB, plant_with, ran, separated
from tests.support.plant import (
    Plant,
    assay,
    batch,
    fed,
    made,
    results,
)

GAIN_OR_LOSS = [("1020.000", None), ("1020.001", "R07"), ("980.000", None), ("979.999", "R08")]


@pytest.mark.parametrize(("out", "rule"), GAIN_OR_LOSS)
def test_a_physical_stage_keeps_dry_solids_within_the_cap(out: str, rule: str | None) -> None:
    plant = plant_with()
    outcome = plant.ask(batch([fed()], [made("ORE-2", out, material="antimony-ore")], stage="crush"))
    assert (outcome.status, outcome.rule) == ("accepted", rule)
    assert bool(plant.facts(BatchQuarantined)) == (rule is not None)


def test_a_chemical_stage_does_not_keep_dry_solids() -> None:
    plant = plant_with("50")
    oxide = made("OX-1", "600.000", {"Sb": "83.3"}, material="antimony-trioxide")
    assert plant.ask(batch([fed()], [oxide], stage="roast")).rule is None
    assert (ran(plant).kind, list(ran(plant).balance)) == ("chemical", ["Sb"])


@pytest.mark.parametrize(
    ("sb", "rule"), [("8.5", None), ("8.5001", "R07"), ("8.1667", None), ("8.1665", "R08")]
)
def test_every_stage_keeps_every_element_within_the_cap(sb: str, rule: str | None) -> None:
    """50 ± 1 kg of antimony in; 600 kg out of 8.1667 to 8.5 %."""
    oxide = made("OX-1", "600.000", {"Sb": sb}, material="antimony-trioxide")
    assert plant_with().ask(batch([fed()], [oxide], stage="volatilise")).rule == rule


def test_metal_from_nothing_is_recorded_and_reported_with_its_figures() -> None:
    plant = plant_with("0.5")
    outcome = plant.ask(separated())
    assert (outcome.status, outcome.rule) == ("accepted", "R07")
    assert outcome.message is not None
    assert "Sb: 50.000 kg out of 5.000 kg in, 45.000 kg more than went in" in outcome.message
    assert ran(plant).verdict == "gain"


def test_a_gain_of_one_element_is_reported_before_the_loss_of_another() -> None:
    plant = Plant()
    plant.stock("LOT-1", assays=[assay("A-1", {"Sb": "5", "As": "1"})])
    outcome = plant.ask(batch([fed()], [made("ORE-2", "1000.000", {"Sb": "4", "As": "2"})], stage="grind"))
    assert outcome.rule == "R07"
    assert outcome.message is not None
    assert outcome.message.index("As:") < outcome.message.index("Sb:")


def test_what_a_reagent_brings_is_metal_that_went_in() -> None:
    lead = Reagent(name="lead nitrate", kg=Decimal(10), results=results({"Pb": "60"}))
    product = made("ORE-2", "1000.000", {"Sb": "5", "Pb": "0.6"}, material="antimony-ore")
    bringing, silent = (Plant(), Plant())
    for plant in (bringing, silent):
        plant.stock("LOT-1", assays=[assay("A-1", {"Sb": "5", "Pb": "0"})])
    assert bringing.ask(batch([fed()], [product], stage="grind", reagents=[lead])).rule is None
    assert ran(bringing).balance["Pb"].in_kg == Decimal("6.000")
    assert silent.ask(batch([fed()], [product], stage="grind")).rule == "R07"


def test_a_declared_loss_and_stock_in_process_are_accounted_for() -> None:
    plant = plant_with()
    spill = Loss(cause="spill", dry_kg=Decimal(100), results=results(SB))
    stock = Wip(
        opening=InProcess(dry_kg=Decimal(50), results=results(SB)),
        closing=InProcess(dry_kg=Decimal(150), results=results(SB)),
    )
    out = made("ORE-2", "800.000", SB, material="antimony-ore")
    assert plant.ask(batch([fed()], [out], stage="grind", losses=[spill], wip=stock)).rule is None
    assert ran(plant).balance["solids"].unaccounted_kg == 0
    assert ran(plant).wip == stock


def test_an_element_without_a_number_in_some_stream_is_not_testable() -> None:
    plant = Plant()
    plant.stock("LOT-1", assays=[assay("A-1", {"Sb": "5", "Au": "<0.001", "As": "1"})])
    plant.ask(batch([fed()], [made("ORE-2", "1000.000", {"Sb": "5", "Au": "0.002"})], stage="grind"))
    verdicts = {name: line.verdict for name, line in ran(plant).balance.items()}
    assert verdicts == {
        "solids": "balanced",
        "Sb": "balanced",
        "Au": "not-testable",
        "As": "not-testable",
    }


def test_oxides_that_nobody_tracks_are_not_balanced_but_every_element_is() -> None:
    plant = Plant()
    plant.stock("LOT-1", assays=[assay("A-1", {"Sb": "5", "SiO2": "60", "LOI": "3", "Fe": "2"})])
    plant.ask(batch([fed()], [made("ORE-2", "1000.000", {"Sb": "5", "SiO2": "1", "Fe": "2"})], stage="grind"))
    assert list(ran(plant).balance) == ["solids", "Sb", "Fe"]


def test_a_metal_made_of_its_oxide_is_balanced_as_the_element() -> None:
    plant = Plant()
    plant.stock("LOT-1", assays=[assay("A-1", {"Nd2O3": "75", "Pr6O11": "24.5"})], material="ndpr-oxide")
    metal = made("NDPR-1", "845.000", {"Nd": "76.1", "Pr": "23.99"}, material="ndpr-metal")
    assert plant.ask(batch([fed()], [metal], stage="electrolyse")).rule is None
    assert ran(plant).balance["Nd"].in_kg == Decimal("643.020")


@pytest.mark.parametrize(
    ("grade", "mineral", "rule"),
    [
        ("71.69", None, None),
        ("71.70", None, "R06"),
        ("83.54", "valentinite", None),
        ("83.55", "valentinite", "R06"),
    ],
)
def test_an_output_richer_than_its_mineral_can_be_quarantines_the_batch(
    grade: str, mineral: str | None, rule: str | None
) -> None:
    plant = plant_with(grade, "100.000")
    product = made("CON-1", "100.000", {"Sb": grade}, mineral=mineral)
    assert plant.ask(batch([fed(wet_kg="100.000")], [product], stage="filter")).rule == rule


def test_a_product_poorer_than_its_feed_quarantines_the_batch() -> None:
    outputs = [made("CON-1", "500.000", {"Sb": "4"}), made("TLS-1", "500.000", {"Sb": "6"}, role="tailings")]
    outcome = plant_with().ask(separated(outputs=outputs))
    assert (outcome.status, outcome.rule) == ("accepted", "R09")


def test_the_order_of_grades_is_asked_of_the_metal_the_stage_is_there_for_alone() -> None:
    """Arsenic goes into the tailings of an antimony flotation, and nothing is wrong with that."""
    plant = Plant()
    plant.stock("LOT-1", assays=[assay("A-1", {"Sb": "5.00", "As": "0.5"})])
    outputs = [
        made("CON-1", "90.000", {"Sb": "50", "As": "0.1"}),
        made("TLS-1", "910.000", {"Sb": "0.5495", "As": "0.5395"}, role="tailings"),
    ]
    assert plant.ask(separated(outputs=outputs)).rule is None


@pytest.mark.parametrize(("out", "rule"), [("996.357", None), ("996.356", "R08")])
def test_weights_with_uncertainties_set_tau_instead_of_the_cap(out: str, rule: str | None) -> None:
    """σ 1 kg in and out, one component tested: τ = 2.575829 · √2 = 3.643 kg."""
    known: dict[str, Any] = {"sigma_kg": "1", "moisture_sigma_pct": "0"}
    plant = plant_with()
    assert plant.ask(batch([fed(**known)], [made("ORE-2", out, **known)], stage="crush")).rule == rule
    line = ran(plant).balance["solids"]
    assert (line.tolerance_kg, line.tolerance_from) == (Decimal("3.643"), "sigma")


@pytest.mark.parametrize(
    ("out", "rule", "verdict"),
    [("890.717", None, "measurement-too-poor"), ("890.716", "R08", "loss")],
)
def test_a_measurement_too_poor_is_a_warning_until_k_sigma(out: str, rule: str | None, verdict: str) -> None:
    """σ 30 kg in and out: k·σ is 109.283 kg, far above the cap of 20 kg."""
    known: dict[str, Any] = {"sigma_kg": "30", "moisture_sigma_pct": "0"}
    plant = plant_with()
    outcome = plant.ask(batch([fed(**known)], [made("ORE-2", out, **known)], stage="crush"))
    assert (outcome.rule, ran(plant).verdict) == (rule, verdict)
    assert outcome.message is not None
    assert ("too poor" in outcome.message) == (rule is None)


def plants_rules(directory: Path, stated: str) -> Path:
    """An operator's directory with what one plant's instruments and caps are."""
    (directory / "plants.toml").write_text(f"effective_from = 2025-09-01\n[plants.PLANT-1]\n{stated}\n")
    return directory


def test_a_plants_instruments_give_the_uncertainties_that_a_batch_does_not_state(tmp_path: Path) -> None:
    rules = plants_rules(tmp_path, 'scale_sigma_pct = "0.1"\nmoisture_sigma_pct = "0"')
    plant = Plant(rules)
    plant.stock()
    plant.ask(batch([fed()], [made("ORE-2", "1000.000")], stage="crush"))
    line = ran(plant).balance["solids"]
    assert (line.tolerance_kg, line.tolerance_from) == (Decimal("3.643"), "sigma")


def test_the_instruments_of_one_plant_say_nothing_of_another(tmp_path: Path) -> None:
    plant = Plant(plants_rules(tmp_path, 'scale_sigma_pct = "0.1"\nmoisture_sigma_pct = "0"'))
    plant.stock()
    plant.ask(batch([fed()], [made("ORE-2", "1000.000")], stage="crush", plant_id="PLANT-2"))
    assert ran(plant).balance["solids"].tolerance_from == "cap"


def test_a_plant_has_caps_of_its_own_for_all_and_for_an_element(tmp_path: Path) -> None:
    plant = Plant(plants_rules(tmp_path, 'batch_cap_pct = "3"\ncap_pct_by_component = { Sb = "5" }'))
    plant.stock("LOT-1", assays=[assay("A-1", SB)])
    plant.ask(batch([fed()], [made("ORE-2", "1000.000", SB)], stage="crush"))
    balance = ran(plant).balance
    assert (balance["solids"].tolerance_kg, balance["Sb"].tolerance_kg) == (Decimal(30), Decimal("2.500"))
