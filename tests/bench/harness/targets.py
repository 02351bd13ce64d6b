"""What was promised of the figures, and the verdict on each promise: met, missed and by how much."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from tests.bench.harness.figures import Figure, find

Status = Literal["met", "missed", "not measured"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one target; `measured` is in the target's own terms (a ratio, a percentage, a value)."""

    claim: str
    status: Status
    measured: float | None
    wanted: float
    unit: str

    @property
    def line(self) -> str:
        """One line for the terminal and the tables."""
        if self.measured is None:
            return f"not measured  {self.claim}"
        return f"{self.status:<12}  {self.claim}: {amount(self.measured)}{self.unit}{self._distance()}"

    def _distance(self) -> str:
        if self.status != "missed" or self.measured is None or not self.wanted:
            return ""
        return f", missed by {abs(self.measured - self.wanted) / abs(self.wanted):.0%}"


class Target(Protocol):
    """A promise about the figures of one run."""

    def judge(self, figures: Sequence[Figure]) -> Verdict:
        """Say whether the figures keep it."""


def application_cpu(figure: Figure) -> float | None:
    """CPU seconds of the application per 100,000 records."""
    return None if figure.cost is None else figure.cost.application


def memory(figure: Figure) -> float | None:
    """Peak resident memory in MB."""
    return figure.memory_mb


def middle(figure: Figure) -> float | None:
    """The median of the repeats."""
    return figure.median


@dataclass(frozen=True, slots=True)
class AtLeastTimes:
    """One system's median is at least so many times another's, of the same metric in the same run."""

    claim: str
    system: str
    other: str
    metric: str
    times: float

    def judge(self, figures: Sequence[Figure]) -> Verdict:
        """Compare the two medians."""
        one, other = find(figures, self.system, self.metric), find(figures, self.other, self.metric)
        if one is None or other is None or not other.median:
            return Verdict(self.claim, "not measured", None, self.times, " ×")
        ratio = one.median / other.median
        return Verdict(self.claim, "met" if ratio >= self.times else "missed", ratio, self.times, " ×")


@dataclass(frozen=True, slots=True)
class Bound:
    """What `of` reads from a figure is at most, or at least, a limit."""

    claim: str
    system: str
    metric: str
    limit: float
    unit: str
    of: Callable[[Figure], float | None] = middle
    side: Literal["at most", "at least"] = "at most"

    def judge(self, figures: Sequence[Figure]) -> Verdict:
        """Compare with the limit."""
        figure = find(figures, self.system, self.metric)
        value = None if figure is None else self.of(figure)
        if value is None:
            return Verdict(self.claim, "not measured", None, self.limit, self.unit)
        kept = value <= self.limit if self.side == "at most" else value >= self.limit
        return Verdict(self.claim, "met" if kept else "missed", value, self.limit, self.unit)


def amount(value: float) -> str:
    """A number with as many digits as carry meaning."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
