"""All that one run of the bench gave, and its files: results.json, results.md, one SVG a plot, one page."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.bench.harness.figures import Figure
from tests.bench.harness.page import page
from tests.bench.harness.plots import plots
from tests.bench.harness.tables import environment_table, section_table, verdict_table
from tests.bench.harness.targets import Verdict


@dataclass(frozen=True, slots=True)
class Results:
    """What is written and read again; `titles` gives the sections' headings in their order."""

    command: str
    size: str
    took_s: float
    environment: dict[str, str]
    titles: dict[str, str]
    figures: tuple[Figure, ...]
    verdicts: tuple[Verdict, ...]
    remarks: tuple[str, ...]

    def of(self, section: str) -> list[Figure]:
        """One section's figures."""
        return [figure for figure in self.figures if figure.section == section]

    def write(self, directory: Path) -> None:
        """Write all files into the directory."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "results.json").write_text(
            json.dumps(self._as_json(), indent=2) + "\n", encoding="utf-8"
        )
        (directory / "results.md").write_text(markdown(self), encoding="utf-8")
        drawn = plots(self.titles, self.figures)
        for name, svg in drawn.items():
            (directory / f"{name}.svg").write_text(svg, encoding="utf-8")
        (directory / "index.html").write_text(page(markdown(self), drawn), encoding="utf-8")

    def _as_json(self) -> dict[str, Any]:
        return {
            "command": self.command,
            "size": self.size,
            "took_s": round(self.took_s, 1),
            "environment": self.environment,
            "titles": self.titles,
            "figures": [figure.as_json() for figure in self.figures],
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "remarks": list(self.remarks),
        }


def read(path: Path) -> Results:
    """The results that `write` left in results.json."""
    found = json.loads(path.read_text(encoding="utf-8"))
    found["figures"] = tuple(Figure.from_json(figure) for figure in found["figures"])
    found["verdicts"] = tuple(Verdict(**verdict) for verdict in found["verdicts"])
    found["remarks"] = tuple(found["remarks"])
    return Results(**found)


def markdown(results: Results) -> str:
    """Environment, verdicts and every section, as docs/performance.md shows them."""
    parts: list[str] = [
        f"Made by `{results.command}` in {results.took_s / 60:.0f} minutes.",
        environment_table(results.environment),
        *_remarks(results.remarks),
        "### Targets",
        verdict_table(results.verdicts),
    ]
    for section, title in results.titles.items():
        parts += [f"### {title}", section_table(results.of(section))]
    return "\n\n".join(parts) + "\n"


def _remarks(remarks: Sequence[str]) -> list[str]:
    return ["\n".join(f"- {remark}" for remark in remarks)] if remarks else []
