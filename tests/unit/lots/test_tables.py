"""Rule tables: dated, cumulative, an operator's over the package's."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from orestream.lots.rulefiles import UnreadableRulesError
from orestream.lots.tables import load

SEPTEMBER = datetime(2025, 9, 10, tzinfo=UTC)
CUSTOM = """\
effective_from = {day}
[figures]
scale_pct = {{ value = "0.3", unit = "%", source = "the site's scale" }}
[materials.manganese-ore]
tracked = ["Mn"]
hs6 = ["260200"]
source = "an operator's own"
"""


def test_every_figure_has_its_unit_and_source() -> None:
    table = load().at(SEPTEMBER)
    assert table.figures
    assert all(figure.unit and figure.source for figure in table.figures.values())
    assert all(material.source for material in table.materials.values())
    assert {name for name, figure in table.figures.items() if figure.unverified} == {
        "assay_sum_tolerance_points",
        "vgm_pct",
        "papers_pct",
        "outturn_pct",
    }


def test_what_a_material_tracks_and_its_ceilings_are_in_the_table_of_analytes() -> None:
    table = load().at(SEPTEMBER)
    for material in table.materials.values():
        ceilings = [material.ceilings, *material.ceilings_by_mineral.values()]
        assert {*material.tracked, *(name for one in ceilings for name in one)} <= table.analytes.keys()
    assert {one for analyte in table.analytes.values() for one in analyte.within} <= table.analytes.keys()


@pytest.mark.parametrize(
    ("material", "mineral", "analyte", "ceiling"),
    [
        ("antimony-ore", "stibnite", "Sb", "71.69"),
        ("antimony-ore", "valentinite", "Sb", "83.54"),
        ("antimony-ore", None, "Sb", "71.69"),
        ("copper-concentrate", None, "Cu", "34.63"),
        ("copper-concentrate", "chalcocite", "Cu", "79.86"),
        ("copper-concentrate", "chalcocite", "Au", None),
    ],
)
def test_a_ceiling_is_the_declared_mineral_s_or_else_the_material_s(
    material: str, mineral: str | None, analyte: str, ceiling: str | None
) -> None:
    found = load().at(SEPTEMBER).materials[material].ceiling(analyte, mineral)
    assert found == (None if ceiling is None else Decimal(ceiling))


def test_a_later_file_states_only_what_changes_from_its_day_on(tmp_path: Path) -> None:
    (tmp_path / "winter.toml").write_text(CUSTOM.format(day="2025-12-01"))
    tables = load(tmp_path)
    before, after = (tables.at(datetime(2025, *day, tzinfo=UTC)) for day in ((11, 30), (12, 1)))
    assert (before.version, after.version) == ("2025-09-01", "2025-12-01")
    assert (before.figure("scale_pct"), after.figure("scale_pct")) == (Decimal("0.2"), Decimal("0.3"))
    assert "manganese-ore" not in before.materials
    assert {"manganese-ore", "antimony-ore"} <= after.materials.keys()


def test_an_operator_s_file_of_the_same_day_comes_over_the_package_s(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('version = "2025-09-01-site"\n' + CUSTOM.format(day="2025-09-01"))
    table = load(tmp_path).at(SEPTEMBER)
    assert (table.version, table.figure("scale_pct")) == ("2025-09-01-site", Decimal("0.3"))


def test_before_all_tables_the_oldest_holds() -> None:
    assert load().at(datetime(2020, 1, 1, tzinfo=UTC)).version == "2025-09-01"


def test_a_plant_may_have_caps_of_its_own(tmp_path: Path) -> None:
    caps = 'batch_cap_pct = "3"\ncap_pct_by_component = { As = "5" }\n'
    (tmp_path / "plant.toml").write_text(f"effective_from = 2025-09-01\n[plants.PLANT-2]\n{caps}")
    table = load(tmp_path).at(SEPTEMBER)
    own, other = table.batch_tolerance("PLANT-2"), table.batch_tolerance("PLANT-1")
    assert [str(one) for one in (own.cap_of("Sb"), own.cap_of("As"), other.cap_of("As"))] == ["3", "5", "2"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("effective_from = ", "broken.toml"),
        ("[figures]\n", "broken.toml: effective_from"),
        ("effective_from = 2025-10-01\nstages = { physical = 3 }\n", "2025-10-01"),
        ('effective_from = 2025-10-01\n[plants.P]\nbatch_cap_pct = "much"\n', "2025-10-01"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "broken.toml").write_text(text)
    with pytest.raises(UnreadableRulesError, match=named):
        load(tmp_path)
