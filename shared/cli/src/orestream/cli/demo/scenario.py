"""The demo's files and what must come of them. Every quantity in them is invented."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orestream.cli.demo.relabelling import relabelled
from orestream.cli.importing.checking import Checked, check_rows
from orestream.cli.importing.files import read_rows

FILES = Path(__file__).with_name("scenario")


@dataclass(frozen=True, slots=True)
class Stage:
    """One file of the story, sent when the one before is answered."""

    title: str
    commands: tuple[Checked, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Commands in the order in which they are sent, and what must come of them.

    Attributes:
        stages: the story, file by file.
        outcomes: command id → status, and the rule where there is one.
        waited: commands that arrive before the fact they need, and are told so.
        quarantined: batches that make metal from nothing.
        sailed: shipments that sail.
    """

    stages: tuple[Stage, ...]
    outcomes: Mapping[str, Mapping[str, str]]
    waited: frozenset[str]
    quarantined: frozenset[str]
    sailed: frozenset[str]

    @property
    def commands(self) -> tuple[Checked, ...]:
        """Those of all stages."""
        return tuple(command for stage in self.stages for command in stage.commands)


def scenario(mark: str = "") -> Scenario:
    """The scenario of the package's own files, its ids ending with `mark`."""
    expected: dict[str, Any] = json.loads((FILES / "expected.json").read_text(encoding="utf-8"))
    files = [str(FILES / stage["file"]) for stage in expected["stages"]]
    rows, faults = read_rows(files)
    checked, more = check_rows(relabelled(rows, mark) if mark else rows)
    assert not [*faults, *more], "the demo's own files are in order"
    return Scenario(
        tuple(
            Stage(stage["title"], tuple(command for command in checked if command.file == file))
            for stage, file in zip(expected["stages"], files, strict=True)
        ),
        {name + mark: outcome for name, outcome in expected["outcomes"].items()},
        frozenset(name + mark for name in expected["waited"]),
        frozenset(name + mark for name in expected["quarantined"]),
        frozenset(name + mark for name in expected["sailed"]),
    )
