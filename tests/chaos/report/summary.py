"""What a run came to in figures: `report.json`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from tests.chaos.journal import lines
from tests.chaos.report.series import Points, Series


def summarise(
    directory: Path, run: dict[str, Any], verdict: list[dict[str, Any]], series: Series
) -> dict[str, Any]:
    """The run's own file, with what was counted in its journals."""
    events = Counter(line["event"] for line in lines(directory / "history.jsonl"))
    return {
        **{name: value for name, value in run.items() if name not in ("services", "bootstrap_servers")},
        "holds": not run["trouble"] and bool(verdict) and all(check["holds"] for check in verdict),
        "history": dict(events),
        "visible": int(_last(series.visible)),
        "faults": dict(sorted(Counter(band.fault for band in series.faults).items())),
        "most_lag": {service: int(_most(points)) for service, points in series.lag.items()},
        "most_outbox": {service: int(_most(points)) for service, points in series.outbox.items()},
        "most_memory_mb": {process: _most(points) for process, points in series.memory.items()},
        "quiet_after_healing_s": _between(run.get("healed_at"), run.get("quiet_at")),
        "checks": verdict,
    }


def _most(points: Points) -> float:
    return max((value for _, value in points), default=0.0)


def _last(points: Points) -> float:
    return points[-1][1] if points else 0.0


def _between(begin: float | None, end: float | None) -> float | None:
    return None if begin is None or end is None else round(end - begin, 1)
