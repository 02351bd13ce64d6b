"""What a measurement is: one system, one metric, the values of its repeats, and what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds per 100,000 records; `database` is None for a system that has none of its own process."""

    application: float
    database: float | None
    broker: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the result: `values` holds one number for each repeat, in the order they were measured.

    A figure without values says, in its note, why it could not be measured.
    """

    section: str
    system: str
    metric: str
    unit: str
    values: tuple[float, ...]
    cost: Cost | None = None
    memory_mb: float | None = None
    guarantee: str = ""
    note: str = ""

    @property
    def measured(self) -> bool:
        """Whether there is at least one value."""
        return bool(self.values)

    @property
    def median(self) -> float:
        """The middle of the repeats; of an even number of them, the mean of the middle two."""
        return median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest of the repeats."""
        return min(self.values), max(self.values)

    def as_json(self) -> dict[str, Any]:
        """The figure as it stands in results.json, with its median and spread worked out."""
        return {
            "section": self.section,
            "system": self.system,
            "metric": self.metric,
            "unit": self.unit,
            "values": list(self.values),
            "median": self.median if self.measured else None,
            "spread": list(self.spread) if self.measured else None,
            "cpu_s_per_100k": None
            if self.cost is None
            else {
                "application": self.cost.application,
                "database": self.cost.database,
                "broker": self.cost.broker,
            },
            "memory_mb": self.memory_mb,
            "guarantee": self.guarantee,
            "note": self.note,
        }

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> "Figure":
        """The figure that `as_json` wrote."""
        cost = found["cpu_s_per_100k"]
        return cls(
            section=found["section"],
            system=found["system"],
            metric=found["metric"],
            unit=found["unit"],
            values=tuple(found["values"]),
            cost=None if cost is None else Cost(**cost),
            memory_mb=found["memory_mb"],
            guarantee=found["guarantee"],
            note=found["note"],
        )


def middle_cost(costs: Sequence[Cost]) -> Cost:
    """The median of each part over the repeats."""
    databases = [cost.database for cost in costs if cost.database is not None]
    return Cost(
        median(cost.application for cost in costs),
        median(databases) if databases else None,
        median(cost.broker for cost in costs),
    )


def find(figures: Sequence[Figure], system: str, metric: str) -> Figure | None:
    """The measured figure of a system, or None."""
    return next(
        (one for one in figures if (one.system, one.metric) == (system, metric) and one.measured), None
    )
