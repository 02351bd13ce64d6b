"""The plot of a run: throughput, lag, outbox and memory over time, with the faults as bands."""

from __future__ import annotations

import io
from collections.abc import Mapping

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.chaos.report.series import Band, Points, Series

_COLOURS = {"mining": "#1b6ca8", "processing": "#c26a00", "export": "#2b8a3e"}
_FAULT = "#b3261e"
_NARROWEST_S = 0.3
_ROWS_OF_NAMES = 8


def draw(series: Series, healed: float | None, quiet: float | None) -> str:
    """SVG text."""
    mpl.rcParams["svg.fonttype"] = "none"
    figure = Figure(figsize=(13, 11), layout="constrained")
    names, rate, lag, outbox, memory = figure.subplots(5, 1, sharex=True, height_ratios=[1.6, 1.4, 1, 1, 1.2])
    _name_faults(names, series.faults)
    _line(rate, {"visible": series.rate()}, "records/s")
    _line(lag, series.lag, "lag, records")
    _line(outbox, series.outbox, "outbox, rows")
    _line(memory, series.memory, "memory, MB")
    for axes in (rate, lag, outbox, memory):
        _shade(axes, series.faults)
        for at, colour in ((healed, "#2b8a3e"), (quiet, "#1b6ca8")):
            if at is not None:
                axes.axvline(at, color=colour, linestyle="--", linewidth=1)
    memory.set_xlabel("seconds; dashed: the last fault is healed, nothing is left to do")
    text = io.StringIO()
    figure.savefig(text, format="svg")
    return text.getvalue()


def _line(axes: Axes, lines: Mapping[str, Points], label: str) -> None:
    for name, points in sorted(lines.items()):
        if points:
            at, values = zip(*points, strict=True)
            axes.plot(
                at, values, color=_COLOURS.get(name.partition("-")[0], "#444444"), linewidth=1, label=name
            )
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.25)
    if len(lines) > 1:
        axes.legend(fontsize=7, ncols=3, loc="upper left")


def _shade(axes: Axes, faults: list[Band]) -> None:
    for band in faults:
        axes.axvspan(
            band.begins, max(band.ends, band.begins + _NARROWEST_S), color=_FAULT, alpha=0.10, linewidth=0
        )


def _name_faults(axes: Axes, faults: list[Band]) -> None:
    """Each fault as a bar with its name, in rows so that neighbours stay apart."""
    for place, band in enumerate(faults):
        row = place % _ROWS_OF_NAMES
        axes.barh(
            row,
            max(band.ends - band.begins, _NARROWEST_S),
            left=band.begins,
            height=0.7,
            color=_FAULT,
            alpha=0.35,
        )
        axes.text(band.begins, row, f"{band.fault} {band.target}", fontsize=6, va="center")
    axes.set_ylim(_ROWS_OF_NAMES, -1)
    axes.set_yticks([])
    axes.set_ylabel("faults")
