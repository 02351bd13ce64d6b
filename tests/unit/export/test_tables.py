"""Export's rule tables: dated, with a source for every figure, and an operator's files over them."""

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from orestream.export.domain import ExportDomain
from orestream.export.tables import load
from orestream.lots.rulefiles import UnreadableRulesError
from tests.support.chain import commands

NOW = datetime(2025, 9, 24, tzinfo=UTC)


def content() -> dict[str, Any]:
    text = files("orestream.export").joinpath("rules/2025-09-01.toml").read_text("utf-8")
    return tomllib.loads(text)


def figures(table: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for value in table.values():
        if isinstance(value, dict):
            if "value" in value:
                yield value
            yield from figures(value)


def test_every_figure_has_a_unit_and_a_source() -> None:
    found = list(figures(content()))
    assert found
    assert all(one["unit"] and one["source"] for one in found)


def test_the_papers_of_the_example_are_exactly_those_asked_for() -> None:
    attached = [one["kind"] for one in commands() if one["command"] == "AttachDocument"]
    (paper_set,) = load().at(NOW).own.papers.sets
    assert paper_set.fits("stibnite-concentrate", "container", "PK", "US")
    assert list(paper_set.asked["clearance"]) == attached
    assert list(paper_set.asked["loading"]) == attached


def test_the_version_is_the_day_of_the_tables() -> None:
    assert ExportDomain(load()).rules_version(NOW) == "2025-09-01"


def test_an_operators_file_changes_a_figure_from_its_day_on(tmp_path: Path) -> None:
    figure = '{ value = "0.4", unit = "%", source = "house rule" }'
    text = f"effective_from = 2025-10-01\n[figures]\narsenic_limit_pct = {figure}\n"
    (tmp_path / "stricter.toml").write_text(text)
    tables = load(tmp_path)
    before, after = tables.at(NOW), tables.at(datetime(2025, 10, 1, tzinfo=UTC))
    assert (before.figure("arsenic_limit_pct"), after.figure("arsenic_limit_pct")) == (
        Decimal("0.5"),
        Decimal("0.4"),
    )
    assert (before.version, after.version) == ("2025-09-01", "2025-10-01")
    assert after.figure("vgm_pct") == before.figure("vgm_pct")


def test_a_paper_that_is_asked_for_is_among_the_kinds(tmp_path: Path) -> None:
    text = 'effective_from = 2025-10-01\n[papers.where_dangerous]\nroyalty-receipt = "letter"\n'
    (tmp_path / "odd.toml").write_text(text)
    with pytest.raises(UnreadableRulesError, match="letter"):
        load(tmp_path)


def test_a_file_that_lacks_what_it_should_state_is_named(tmp_path: Path) -> None:
    text = 'effective_from = 2025-10-01\n[papers.sets.other]\nmaterials = ["*"]\n'
    (tmp_path / "short.toml").write_text(text)
    with pytest.raises(UnreadableRulesError, match="2025-10-01"):
        load(tmp_path)
