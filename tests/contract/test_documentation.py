"""The documentation says what the code says: settings, metrics, exit codes, rules, decisions, links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from orestream.chassis.exits import Exit
from orestream.chassis.metrics import Metrics
from orestream.chassis.settings import cards
from orestream.cli.embedded.settings import EmbeddedSettings
from orestream.cli.failing import ExitCode

ROOT = Path(__file__).parents[2]
ARCHITECTURE = ROOT / "docs" / "architecture"
OPERATING = (ARCHITECTURE / "operating.md").read_text(encoding="utf-8")
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "deploy" / "README.md", *ROOT.glob("docs/**/*.md")]
)


def table(head: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    """Markdown of a table."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [f"| {' | '.join(row)} |".replace("|  |", "| |") for row in rows]
    return "\n".join(lines)


def settings_table() -> str:
    rows = (
        (
            f"`{card.variable}`" + (f", `{card.file_variable}`" if card.file_variable else ""),
            f"`{card.default}`" if card.default else "",
            card.description,
        )
        for card in cards()
    )
    return table(("variable", "default", "meaning"), rows)


def embedded_table() -> str:
    fields = EmbeddedSettings.model_fields.items()
    rows = ((f"`ORESTREAM_{name.upper()}`", field.description or "") for name, field in fields)
    return table(("variable", "meaning"), rows)


def metrics_table() -> str:
    families = Metrics("mining").registry.collect()
    rows = ((f"`{family.name}`", family.type, family.documentation) for family in families)
    return table(("name", "kind", "meaning"), rows)


@pytest.mark.parametrize("expected", [settings_table(), embedded_table(), metrics_table()])
def test_the_tables_of_operating_equal_the_code(expected: str) -> None:
    assert expected in OPERATING


def test_every_exit_code_is_explained() -> None:
    explained = [
        [int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)]
        for text in OPERATING.split("Of the `orestream` command:")
    ]
    assert explained == [[int(one) for one in Exit], [int(one) for one in ExitCode]]


def rules() -> Iterator[tuple[str, list[str]]]:
    """Each rule of the table, and the files that it names."""
    text = (ARCHITECTURE / "rules.md").read_text(encoding="utf-8")
    for rule, _, where, _ in re.findall(r"^\| (R\d\d) \| (.*) \| ?(.*?) \| (.*) \|$", text, re.MULTILINE):
        yield rule, re.findall(r"`((?:chassis|lots|metallurgy|mining|processing|export)/[\w/]+\.py)`", where)


def test_every_rule_stands_in_the_table_once() -> None:
    assert [rule for rule, _ in rules()] == [f"R{number:02}" for number in range(1, 31)]


@pytest.mark.parametrize(
    ("rule", "files"), list(rules()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_files_that_a_rule_names_speak_of_it(rule: str, files: list[str]) -> None:
    for name in files:
        (found,) = ROOT.glob(f"s*/*/src/orestream/{name}")
        assert rule in found.read_text(encoding="utf-8"), name


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert listed == sorted(path.name for path in folder.glob("[0-9]*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
