"""What a batch shows on a dashboard."""

from datetime import UTC, datetime

from orestream.chassis.metrics import Metrics
from orestream.contracts.decision import Happened
from orestream.contracts.generate.schemas import examples
from orestream.contracts.lots import LotDrawn
from orestream.contracts.message import Fact
from orestream.contracts.processing import BatchProcessed
from orestream.processing.app import observe


def happened(fact: Fact) -> Happened:
    return Happened(fact, datetime(2025, 9, 10, 8, tzinfo=UTC), "/orestream/main/processing", "f-1", "c-1")


def test_a_batch_shows_what_each_component_left_unaccounted() -> None:
    batch = BatchProcessed.model_validate(examples()["BatchProcessed"])
    seen = {one.labels["component"]: one.value for one in observe(happened(batch))}
    assert seen == {"solids": 3.65, "Sb": 6.549, "As": 0.014}


def test_the_metric_carries_plant_and_component() -> None:
    metrics = Metrics("processing")
    for one in observe(happened(BatchProcessed.model_validate(examples()["BatchProcessed"]))):
        metrics.observe(one)
    line = 'orestream_mass_imbalance_kg{component="Sb",plant="PLANT-1",service="processing"} 6.549'
    assert line in metrics.exposition().decode()


def test_other_facts_show_nothing() -> None:
    assert list(observe(happened(LotDrawn.model_validate(examples()["LotDrawn"])))) == []
