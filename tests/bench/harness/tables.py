"""The figures as Markdown tables, for the terminal's eye, for the page and for docs/performance.md."""

from collections.abc import Mapping, Sequence

from tests.bench.harness.figures import Figure
from tests.bench.harness.targets import Verdict, amount

_HEADINGS = (
    "system",
    "metric",
    "median",
    "lowest to highest",
    "CPU s per 100k: application",
    "database",
    "broker",
    "peak MB",
    "guarantee",
    "note",
)


def row(figure: Figure) -> tuple[str, ...]:
    """The cells of one figure, in the order of the headings."""
    if not figure.measured:
        return (figure.system, figure.metric, "–", "–", "–", "–", "–", "–", figure.guarantee, figure.note)
    low, high = figure.spread
    cost = figure.cost
    return (
        figure.system,
        figure.metric,
        f"{amount(figure.median)} {figure.unit}",
        f"{amount(low)} – {amount(high)}" if len(figure.values) > 1 else "one run",
        _seconds(None if cost is None else cost.application),
        _seconds(None if cost is None else cost.database),
        _seconds(None if cost is None else cost.broker),
        "–" if figure.memory_mb is None else f"{figure.memory_mb:.0f}",
        figure.guarantee,
        figure.note,
    )


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; a bar within a cell is escaped. Columns that are empty throughout are left out."""
    kept = [at for at in range(len(headings)) if any(cells[at] not in ("", "–") for cells in rows)]
    lines = [[headings[at] for at in kept], ["---"] * len(kept)]
    lines += [[cells[at].replace("|", "\\|") for at in kept] for cells in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def section_table(figures: Sequence[Figure]) -> str:
    """One section's figures."""
    return markdown_table(_HEADINGS, [row(figure) for figure in figures])


def verdict_table(verdicts: Sequence[Verdict]) -> str:
    """One line a target."""
    rows = [
        (
            verdict.claim,
            verdict.status,
            "–" if verdict.measured is None else f"{amount(verdict.measured)}{verdict.unit}",
        )
        for verdict in verdicts
    ]
    return markdown_table(("target", "verdict", "measured"), rows)


def environment_table(environment: Mapping[str, str]) -> str:
    """What it was measured on."""
    return markdown_table(("", "measured on"), [(name, value) for name, value in environment.items()])


def terminal_table(figures: Sequence[Figure]) -> str:
    """The same with aligned columns and without guarantees and notes, which are in the files."""
    headings = ("system", "metric", "median", "lowest – highest", "app", "db", "broker", "MB")
    cells = [headings, *(row(figure)[: len(headings)] for figure in figures)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(headings))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at < 2 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
