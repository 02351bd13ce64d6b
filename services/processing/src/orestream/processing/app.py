"""The processing service: its pure part, with the rule tables it decides by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from orestream.chassis.metrics import Observation
from orestream.contracts.decision import Happened
from orestream.contracts.processing import BatchProcessed
from orestream.lots import tables
from orestream.processing.domain import ProcessingDomain


def build(rules: Path | None = None) -> ProcessingDomain:
    """Processing's pure part; `rules` is a directory of an operator's own rule tables."""
    return ProcessingDomain(tables.load(rules))


def observe(happened: Happened) -> Iterator[Observation]:
    """For dashboards: what a plant's last batch left unaccounted, kg of dry solids and each element."""
    batch = happened.fact
    if not isinstance(batch, BatchProcessed):
        return
    for component, balance in batch.balance.items():
        if balance.unaccounted_kg is not None:
            yield Observation(
                "mass_imbalance_kg",
                "In minus out of a plant's last batch; negative is a gain.",
                {"plant": batch.plant_id, "component": component},
                float(balance.unaccounted_kg),
            )
