"""Writes a run's report: figures as JSON, and a page that stands alone with verdict, timeline and faults."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from tests.chaos.report.series import Series, read
from tests.chaos.report.summary import summarise
from tests.chaos.report.timeline import draw

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; color: #222 }
table { border-collapse: collapse; margin: 1rem 0 }
td, th { padding: .15rem .8rem .15rem 0; text-align: left; vertical-align: top }
code { background: #f2f2f2; padding: .1rem .3rem }
.holds { color: #2b8a3e } .fails { color: #b3261e; font-weight: bold }
svg { max-width: 100%; height: auto }
"""


def write(directory: Path) -> Path:
    """`report.json` and `report.html` from what stands in the run's directory; returns the page."""
    run = json.loads((directory / "run.json").read_text())
    verdict = _verdict(directory / "verdict.json")
    series = read(directory, run["began_at"])
    summary = summarise(directory, run, verdict, series)
    (directory / "report.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n")
    page = directory / "report.html"
    page.write_text(_page(summary, series, run["began_at"]), encoding="utf-8")
    return page


def _verdict(path: Path) -> list[dict[str, Any]]:
    """The checker's findings; none where it did not come so far."""
    found: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    return found


def _page(summary: dict[str, Any], series: Series, began: float) -> str:
    told = {name: summary[name] for name in ("healed_at", "quiet_at")}
    marks = [None if at is None else at - began for at in told.values()]
    good = (
        "<span class=holds>everything holds</span>"
        if summary["holds"]
        else "<span class=fails>it does not hold</span>"
    )
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Chaos run {summary["seed"]}</title><style>{_STYLE}</style>
<h1>Chaos run {summary["seed"]}: {good}</h1>
<p><code>{escape(summary["command_line"])}</code></p>
{_trouble(summary["trouble"])}
{_table("What was sent and seen", _figures(summary))}
{_after_prolog(draw(series, *marks))}
{_checks(summary["checks"])}
{_table("Faults", _faults(series))}
{_table("Made on", list(summary["environment"].items()))}
</html>
"""


def _faults(series: Series) -> list[tuple[str, Any]]:
    return [(band.fault, f"{band.begins:.1f} to {band.ends:.1f} s, {band.target}") for band in series.faults]


def _figures(summary: dict[str, Any]) -> list[tuple[str, Any]]:
    return [
        *((f"history: {event}", count) for event, count in summary["history"].items()),
        ("visible facts and outcomes", summary["visible"]),
        ("faults", sum(summary["faults"].values())),
        ("most lag, records", summary["most_lag"]),
        ("most memory, MB", max(summary["most_memory_mb"].values(), default=None)),
        ("quiet after the last fault, s", summary["quiet_after_healing_s"]),
    ]


def _trouble(lines: list[str]) -> str:
    return "".join(f"<p class=fails>{escape(line)}</p>" for line in lines)


def _checks(checks: list[dict[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td>{escape(check['check'])}<td class={'holds' if check['holds'] else 'fails'}>"
        f"{'holds' if check['holds'] else 'fails'}<td>{check['examined']:,}"
        f"<td>{'<br>'.join(escape(finding) for finding in check['findings'][:10])}"
        for check in checks
    )
    return f"<h2>Verdict</h2><table><tr><th>check<th><th>examined<th>findings{rows}</table>"


def _table(title: str, rows: list[tuple[str, Any]]) -> str:
    cells = "".join(f"<tr><td>{escape(str(name))}<td>{escape(str(value))}" for name, value in rows)
    return f"<h2>{escape(title)}</h2><table>{cells}</table>"


def _after_prolog(svg: str) -> str:
    """The drawing without what only a file of its own needs."""
    return svg[svg.index("<svg") :]
