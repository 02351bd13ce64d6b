"""What a batch must state, what it draws, and what its balance says: R01, R03 to R09 at their boundaries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orestream.contracts.lots import LotAssayed, LotDrawn, LotSplit
from orestream.contracts.parts import Origin, Parent
from orestream.contracts.processing import (
    BatchProcessed,
    BatchQuarantined,
    InProcess,
    Loss,
    LotProduced,
    ProcessBatch,
    Reagent,
    Wip,
)
from tests.support.plant import (
    DAY_1,
    ORIGIN,
    STARTED,
    Plant,
    analysed,
    assay,
    batch,
    despatched,
    fed,
    made,
    receipt,
    results,
)

SB = {"Sb": "5.00"}


def ran(plant: Plant) -> BatchProcessed:
    """The one batch that the plant told of."""
    (fact,) = plant.facts(BatchProcessed)
    return fact


def plant_with(sb: str = "5.00", dry_kg: str = "1000.000") -> Plant:
    """A plant with LOT-1, assayed."""
    plant = Plant()
    plant.stock("LOT-1", dry_kg, assays=[assay("A-1", {"Sb": sb})])
    return plant


def separated(**changes: Any) -> ProcessBatch:
    """An honest separation of LOT-1: 50 kg Sb in, 45 in the concentrate, 5 in the tailings."""
    outputs = [
        made("CON-1", "90.000", {"Sb": "50"}),
        made("TLS-1", "910.000", {"Sb": "0.5495"}, role="tailings"),
    ]
    return batch(changes.pop("inputs", [fed()]), changes.pop("outputs", outputs), **changes)


def con(**changes: Any) -> ProcessBatch:
    """The same with something else said of the concentrate."""
    grades = changes.pop("grades", {"Sb": "50"})
    return separated(outputs=[made("CON-1", changes.pop("wet_kg", "90.000"), grades, **changes)])


R01: dict[str, Callable[[], ProcessBatch]] = {
    "an unknown stage": lambda: separated(stage="flotaton"),
    "an end before the start": lambda: separated(ended_at=STARTED - timedelta(seconds=1)),
    "a lot that goes in twice": lambda: separated(inputs=[fed(wet_kg="1.000"), fed(wet_kg="2.000")]),
    "an input of nothing": lambda: separated(inputs=[fed(wet_kg="0.000")]),
    "a negative input": lambda: separated(inputs=[fed(wet_kg="-1.000")]),
    "an input moister than water": lambda: separated(inputs=[fed(moisture_pct="100")]),
    "a negative moisture": lambda: separated(inputs=[fed(moisture_pct="-0.01")]),
    "a negative uncertainty of a weight": lambda: separated(inputs=[fed(sigma_kg="-0.001")]),
    "an uncertainty above the weight": lambda: separated(inputs=[fed(sigma_kg="1000.001")]),
    "a negative uncertainty of a moisture": lambda: separated(inputs=[fed(moisture_sigma_pct="-1")]),
    "an unknown role": lambda: con(role="slimes"),
    "an unknown material": lambda: con(material="stibnite concentrate"),
    "an unknown basis": lambda: con(basis="wet"),
    "an output of nothing": lambda: con(wet_kg="0"),
    "an output of more than any lot": lambda: con(wet_kg="1000000000000.001"),
    "an output that is water": lambda: con(moisture_pct="100"),
    "an output of no gram of solids": lambda: con(wet_kg="0.001", moisture_pct="99"),
    "an unknown analyte": lambda: con(grades={"Xx": "1"}),
    "an uncertainty above the whole": lambda: con(grades={"Sb": "50 ± 100.1"}),
    "an unknown unit": lambda: separated(
        outputs=[made("CON-1", "90.000").model_copy(update={"results": results(SB, "oz/t")})]
    ),
    "an analyte twice": lambda: separated(
        outputs=[made("CON-1", "90.000").model_copy(update={"results": results(SB) * 2})]
    ),
    "a reagent of nothing": lambda: separated(reagents=[Reagent(name="lime", kg=Decimal(0))]),
    "a reagent's unknown analyte": lambda: separated(
        reagents=[Reagent(name="lime", kg=Decimal(1), results=results({"Xx": "1"}))]
    ),
    "a negative loss": lambda: separated(losses=[Loss(cause="spill", dry_kg=Decimal("-0.001"))]),
    "negative stock in process": lambda: separated(
        wip=Wip(opening=InProcess(dry_kg=Decimal(0)), closing=InProcess(dry_kg=Decimal(-1)))
    ),
}


@pytest.mark.parametrize("statement", R01.values(), ids=R01)
def test_a_batch_cannot_state(statement: Callable[[], ProcessBatch]) -> None:
    outcome = plant_with().ask(statement())
    assert (outcome.status, outcome.rule, outcome.facts) == ("refused", "R01", ())


def test_what_needs_no_stock_is_answered_before_any_waiting() -> None:
    assert Plant().ask(separated(stage="flotaton")).rule == "R01"
    assert Plant().ask(separated()).status == "waiting"


def test_a_batch_may_end_the_moment_it_starts_and_the_message_offers_the_nearest_word() -> None:
    assert plant_with().ask(separated(ended_at=STARTED)).status == "accepted"
    refusal = plant_with().ask(separated(stage="flotaton"))
    assert refusal.message is not None
    assert "did you mean flotation?" in refusal.message


def test_a_batch_waits_for_each_input_until_it_is_completely_received() -> None:
    plant = Plant()
    command = batch([fed("LOT-1"), fed("LOT-2", "500.000")], [made("CON-1", "1500.000")], stage="crush")
    assert plant.ask(command).status == "waiting"
    plant.stock("LOT-1")
    plant.expect("LOT-2", "500.000")
    plant.ask(receipt("LOT-2", "200.000", complete=False))
    assert plant.service.waiting == (command.command_id,)
    plant.ask(receipt("LOT-2", "300.000"))
    assert plant.service.outcomes[command.command_id].status == "accepted"


def test_an_input_that_has_left_is_refused_not_awaited() -> None:
    plant = plant_with()
    plant.ask(separated())
    plant.ask(analysed("CON-1", "A-2", {"Sb": "50"}))
    assert plant.ask(despatched("CON-1")).status == "accepted"
    again = batch([fed("CON-1", "1.000")], [made("CON-2", "1.000")], batch_id="BATCH-2", stage="grind")
    assert plant.ask(again).rule == "R03"


R04: dict[str, Callable[[], ProcessBatch]] = {
    "the batch of another": lambda: batch(
        [fed()], [made("CON-2", "1.000")], batch_id="BATCH-1", command_id="again"
    ),
    "a lot that another batch made": lambda: batch([fed()], [made("CON-1", "1.000")], batch_id="BATCH-2"),
    "a lot that was mined": lambda: batch([fed("CON-1")], [made("LOT-1", "1.000")], batch_id="BATCH-2"),
    "its own input": lambda: batch([fed()], [made("LOT-1", "1.000")], batch_id="BATCH-2"),
    "one id to two outputs": lambda: batch(
        [fed()], [made("CON-2", "1.000"), made("CON-2", "2.000")], batch_id="BATCH-2"
    ),
    "its own id to an output": lambda: batch([fed()], [made("BATCH-2", "1.000")], batch_id="BATCH-2"),
    "the id of a lot": lambda: batch([fed()], [made("CON-2", "1.000")], batch_id="LOT-1"),
}


@pytest.mark.parametrize("taken", R04.values(), ids=R04)
def test_a_batch_cannot_take(taken: Callable[[], ProcessBatch]) -> None:
    plant = plant_with(dry_kg="2000.000")
    assert plant.ask(separated()).status == "accepted"
    outcome = plant.ask(taken())
    assert (outcome.status, outcome.rule, outcome.facts) == ("refused", "R04", ())


def test_an_id_that_others_name_as_a_parent_is_taken_before_its_own_birth_is_read() -> None:
    plant = plant_with()
    split = LotSplit(
        lot_id="LOT-1B",
        material="antimony-ore",
        wet_kg=Decimal(10),
        moisture_pct=Decimal(0),
        dry_kg=Decimal(10),
        parents=(Parent(lot_id="CON-1", dry_kg=Decimal(10), share=Decimal(1)),),
        origins=(ORIGIN,),
    )
    plant.hear(split)
    assert plant.ask(separated()).rule == "R04"


@pytest.mark.parametrize(
    ("grades", "status"),
    [({"Sb": "50", "As": "50.5"}, "accepted"), ({"Sb": "50", "As": "50.501"}, "refused")],
)
def test_results_of_a_stream_add_up_to_the_whole_and_half_a_point(
    grades: dict[str, str], status: str
) -> None:
    outcome = plant_with().ask(con(grades=grades))
    assert (outcome.status, outcome.rule == "R05") == (status, status == "refused")


def test_results_as_received_are_added_up_on_dry_basis() -> None:
    assert plant_with().ask(con(grades={"Sb": "60"}, basis="as-received", moisture_pct="50")).rule == "R05"
    assert plant_with().ask(con(grades={"Sb": "50"}, basis="as-received", moisture_pct="20")).rule != "R05"


@pytest.mark.parametrize("where", ["output", "reagent", "loss", "stock in process"])
def test_no_stream_holds_less_than_nothing(where: str) -> None:
    negative, nothing = results({"Sb": "-0.1"}), InProcess(dry_kg=Decimal(0))
    one = Decimal(1)
    commands = {
        "output": con(grades={"Sb": "-0.1"}),
        "reagent": separated(reagents=[Reagent(name="x", kg=one, results=negative)]),
        "loss": separated(losses=[Loss(cause="spill", dry_kg=one, results=negative)]),
        "stock in process": separated(
            wip=Wip(opening=InProcess(dry_kg=one, results=negative), closing=nothing)
        ),
    }
    assert plant_with().ask(commands[where]).rule == "R05"


def test_a_last_draw_may_exceed_the_stock_by_the_scales_tolerance_and_not_by_a_gram_more() -> None:
    within, beyond = plant_with(), plant_with()
    assert beyond.ask(separated(inputs=[fed(wet_kg="1002.001")])).rule == "R03"
    assert within.ask(separated(inputs=[fed(wet_kg="1002.000")])).status == "accepted"
    (drawn,) = within.facts(LotDrawn)
    assert (drawn.dry_kg, drawn.difference_dry_kg) == (Decimal("1002.000"), Decimal("2.000"))
    again = batch([fed(wet_kg="0.001")], [made("CON-2", "0.001")], batch_id="BATCH-2")
    assert within.ask(again).rule == "R03"


def test_a_refused_batch_draws_nothing_of_any_lot() -> None:
    plant = plant_with()
    plant.stock("LOT-2", "10.000")
    over = batch([fed(wet_kg="900.000"), fed("LOT-2", "11.000")], [made("CON-1", "1.000")])
    assert plant.ask(over).rule == "R03"
    assert plant.ask(separated(command_id="again")).status == "accepted"


def test_an_input_is_drawn_by_the_moisture_it_was_fed_with() -> None:
    plant = plant_with()
    plant.ask(separated(inputs=[fed(wet_kg="1100.000", moisture_pct="10")]))
    assert plant.facts(LotDrawn)[0].dry_kg == Decimal("990.000")
    assert ran(plant).inputs[0].dry_kg == Decimal("990.000")


def test_an_input_rests_on_the_assay_latest_by_sampling_that_was_recorded_by_the_start() -> None:
    plant = Plant()
    before, after = STARTED - timedelta(hours=1), STARTED + timedelta(seconds=1)
    plant.stock(
        assays=[
            assay("NEWER", {"Sb": "5.00"}, taken_at=before, occurred_at=STARTED),
            assay("OLDER", {"Sb": "9.00"}, taken_at=DAY_1, occurred_at=STARTED),
            assay("TOO-LATE", {"Sb": "9.00"}, taken_at=before, occurred_at=after),
        ]
    )
    assert plant.ask(separated()).rule is None
    assert ran(plant).inputs[0].certificate == "NEWER"


def test_an_assay_that_mining_tells_of_after_the_despatch_counts_too() -> None:
    plant = Plant()
    plant.stock("LOT-1", assays=[assay("A-1", {"Sb": "9.00"}, taken_at=DAY_1)])
    late = analysed("LOT-1", "A-2", {"Sb": "5.00"}, at=STARTED)
    told = {name: getattr(late, name) for name in ("lot_id", "certificate", "sample", "basis", "results")}
    plant.hear(LotAssayed(**told), at=STARTED)
    assert plant.ask(separated()).rule is None
    assert ran(plant).inputs[0].certificate == "A-2"


def test_an_input_without_an_assay_rests_on_its_book_and_names_its_certificates() -> None:
    plant = Plant()
    plant.stock("LOT-1", "500.000", book=SB, certificates=("A-1",))
    plant.stock("LOT-2", "500.000", book=SB, certificates=("A-1", "A-2"))
    plant.ask(separated(inputs=[fed(wet_kg="500.000"), fed("LOT-2", "500.000")]))
    found = [(drawn.certificate, drawn.certificates) for drawn in ran(plant).inputs]
    assert found == [("A-1", None), (None, ("A-1", "A-2"))]
    assert ran(plant).balance["Sb"].in_kg == Decimal("50.000")


def test_a_product_of_a_batch_rests_on_the_batchs_own_results() -> None:
    plant = plant_with()
    plant.ask(separated(outputs=[made("CON-1", "1000.000", {"Sb": "4.5"}, moisture_pct="0", basis="dry")]))
    plant.ask(batch([fed("CON-1")], [made("CON-2", "1000.000")], batch_id="BATCH-2", stage="grind"))
    second = plant.facts(BatchProcessed)[1]
    assert (second.inputs[0].certificate, second.balance["Sb"].verdict) == (None, "not-testable")


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


def test_a_product_has_every_input_for_parent_and_all_their_sources_by_dry_mass() -> None:
    plant = Plant()
    other = ORIGIN.model_copy(update={"source_id": "SRC-SB-2", "name": "Another"})
    plant.stock("LOT-1", "750.000")
    plant.stock("LOT-2", "250.000", origins=(half(ORIGIN), half(other)))
    plant.ask(
        batch([fed(wet_kg="750.000"), fed("LOT-2", "250.000")], [made("ORE-2", "990.000")], stage="crush")
    )
    (born,) = plant.facts(LotProduced)
    assert [(p.lot_id, str(p.dry_kg), str(p.share)) for p in born.parents] == [
        ("LOT-1", "750.000", "0.7500"),
        ("LOT-2", "250.000", "0.2500"),
    ]
    shares = {origin.source_id: str(origin.share) for origin in born.origins}
    assert shares == {"SRC-SB-1": "0.8750", "SRC-SB-2": "0.1250"}


def half(origin: Origin) -> Origin:
    """A source of half a lot."""
    return origin.model_copy(update={"share": Decimal("0.5")})


def test_a_third_of_a_lot_each_adds_up_to_the_whole() -> None:
    plant = Plant()
    names = ["LOT-1", "LOT-2", "LOT-3"]
    for name in names:
        plant.stock(name, "100.000")
    plant.ask(batch([fed(name, "100.000") for name in names], [made("ORE-2", "300.000")], stage="crush"))
    (born,) = plant.facts(LotProduced)
    assert sorted(str(parent.share) for parent in born.parents) == ["0.3333", "0.3333", "0.3334"]
