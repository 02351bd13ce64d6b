"""Batches of a plant that separates antimony ore, honest unless something else is said."""

from __future__ import annotations

from typing import Any

from orestream.contracts.processing import (
    BatchProcessed,
    ProcessBatch,
)
from tests.support.plant import (
    Plant,
    assay,
    batch,
    fed,
    made,
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
