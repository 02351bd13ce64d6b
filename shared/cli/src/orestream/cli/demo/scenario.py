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
class Scenario:
    """Commands in the order in which they are sent, and what must come of them.

    Attributes:
        commands: those of all files.
        outcomes: command id → status, and the rule where there is one.
        waited: commands that arrive before the fact they need, and are told so.
        quarantined: batches that make metal from nothing.
        sailed: shipments that sail.
    """

    commands: tuple[Checked, ...]
    outcomes: Mapping[str, Mapping[str, str]]
    waited: frozenset[str]
    quarantined: frozenset[str]
    sailed: frozenset[str]


def scenario(mark: str = "") -> Scenario:
    """The scenario of the package's own files, its ids ending with `mark`."""
    rows, faults = read_rows([str(file) for file in command_files()])
    checked, more = check_rows(relabelled(rows, mark) if mark else rows)
    assert not [*faults, *more], "the demo's own files are in order"
    expected: dict[str, Any] = json.loads((FILES / "expected.json").read_text(encoding="utf-8"))
    return Scenario(
        tuple(checked),
        {name + mark: outcome for name, outcome in expected["outcomes"].items()},
        frozenset(name + mark for name in expected["waited"]),
        frozenset(name + mark for name in expected["quarantined"]),
        frozenset(name + mark for name in expected["sailed"]),
    )


def command_files() -> list[Path]:
    """The files, in the order in which they are sent."""
    return sorted(file for file in FILES.iterdir() if file.suffix in (".jsonl", ".csv"))
