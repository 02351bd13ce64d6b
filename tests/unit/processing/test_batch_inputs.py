"""What a batch waits for, draws and rests on, and what its products inherit: R03 at its boundaries."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from orestream.contracts.lots import LotAssayed, LotDrawn
from orestream.contracts.parts import Origin
from orestream.contracts.processing import (
    BatchProcessed,
    LotProduced,
)
from tests.support.batches import SB, plant_with, ran, separated
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
)


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
