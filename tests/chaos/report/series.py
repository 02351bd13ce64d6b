"""What a run's journals say over time, in the form that a plot and a summary need."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.journal import lines

Points = list[tuple[float, float]]
"""(seconds after the beginning, value)."""


@dataclass(frozen=True, slots=True)
class Band:
    """A fault, from injecting to healing."""

    begins: float
    ends: float
    fault: str
    target: str


@dataclass(frozen=True, slots=True)
class Series:
    """Everything that is plotted."""

    visible: Points
    lag: dict[str, Points]
    outbox: dict[str, Points]
    memory: dict[str, Points]
    faults: list[Band]

    def rate(self) -> Points:
        """Records that became visible in a second."""
        pairs = zip(self.visible, self.visible[1:], strict=False)
        return [(b, (m - n) / (b - a)) for (a, n), (b, m) in pairs if b > a]


def read(directory: Path, began: float) -> Series:
    """The journals of a run that began then."""
    samples = lines(directory / "samples.jsonl")
    return Series(
        visible=[(line["at"] - began, line["visible"]) for line in samples if "visible" in line],
        lag=_by_service(samples, began, "lag"),
        outbox=_by_service(samples, began, "outbox"),
        memory=_by_process(samples, began),
        faults=sorted(
            (_band(line, began) for line in lines(directory / "faults.jsonl")), key=lambda band: band.begins
        ),
    )


def _by_service(samples: list[dict[str, Any]], began: float, what: str) -> dict[str, Points]:
    """All replicas tell the same of their service; one of them is enough."""
    found: dict[str, Points] = defaultdict(list)
    for line in samples:
        if line.get(what) is None or "process" not in line:
            continue
        points, at = found[line["process"].rpartition("-")[0]], line["at"] - began
        if not points or at - points[-1][0] > _SAME_LOOK_S:
            points.append((at, line[what]))
    return dict(found)


_SAME_LOOK_S = 0.2


def _by_process(samples: list[dict[str, Any]], began: float) -> dict[str, Points]:
    found: dict[str, Points] = defaultdict(list)
    for line in samples:
        if "process" in line:
            found[line["process"]].append((line["at"] - began, line["rss_mb"]))
    return dict(found)


def _band(line: dict[str, Any], began: float) -> Band:
    return Band(line["at"] - began, line["until"] - began, line["fault"], line["target"])
