"""Plots of the figures as SVG text: one a section and metric, bars with their spread."""

import io
import re
from collections.abc import Mapping, Sequence

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas

from tests.bench.harness.figures import Figure
from tests.bench.harness.targets import amount

_OURS, _THEIRS = "#0b6e4f", "#8a99a8"
_PARTS = (("application", "#0b6e4f"), ("database", "#d9a441"), ("broker", "#8a99a8"))


def plots(titles: Mapping[str, str], figures: Sequence[Figure]) -> dict[str, str]:
    """SVG by file name: the medians of a metric that several systems have, and where CPU time went."""
    drawn: dict[str, str] = {}
    for section, title in titles.items():
        measured = [one for one in figures if one.section == section and one.measured]
        for metric in dict.fromkeys(one.metric for one in measured):
            rows = [one for one in measured if one.metric == metric]
            if len(rows) > 1:
                drawn[_file(section, metric)] = _medians(f"{title}: {metric}", rows)
                costs = [one for one in rows if one.cost is not None]
                if len(costs) > 1:
                    drawn[_file(section, metric, "cpu")] = _costs(f"{title}: CPU s per 100k", costs)
    return drawn


def _medians(title: str, rows: Sequence[Figure]) -> str:
    canvas = Canvas(figsize=(9, 0.45 * len(rows) + 1.2), layout="constrained")
    axes = canvas.add_subplot()
    names = [row.system for row in rows]
    middles = [row.median for row in rows]
    reach = [
        [row.median - row.spread[0] for row in rows],
        [row.spread[1] - row.median for row in rows],
    ]
    colours = [_OURS if name.startswith("orestream") else _THEIRS for name in names]
    bars = axes.barh(names, middles, xerr=reach, color=colours, ecolor="#333333", capsize=3)
    axes.bar_label(bars, labels=[f"  {amount(middle)}" for middle in middles], padding=4)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_title(title, loc="left")
    axes.set_xlabel(rows[0].unit)
    return _svg(canvas)


def _costs(title: str, rows: Sequence[Figure]) -> str:
    canvas = Canvas(figsize=(9, 0.45 * len(rows) + 1.4), layout="constrained")
    axes = canvas.add_subplot()
    names = [row.system for row in rows]
    so_far = [0.0] * len(rows)
    for part, colour in _PARTS:
        widths = [getattr(row.cost, part) or 0.0 for row in rows]
        axes.barh(names, widths, left=so_far, color=colour, label=part)
        so_far = [before + width for before, width in zip(so_far, widths, strict=True)]
    axes.invert_yaxis()
    # two orders of magnitude lie between the systems
    axes.set_xscale("symlog", linthresh=10)
    axes.legend(frameon=False)
    axes.set_title(title, loc="left")
    axes.set_xlabel("CPU s per 100,000 records")
    return _svg(canvas)


def _svg(canvas: Canvas) -> str:
    written = io.StringIO()
    FigureCanvasSVG(canvas).print_svg(written)  # type: ignore[no-untyped-call]
    text = written.getvalue()
    return text[text.index("<svg") :]


def _file(*parts: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")
