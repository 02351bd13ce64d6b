"""The export service: its pure part, with the rule tables it decides by."""

from __future__ import annotations

import os
from pathlib import Path

from orestream.export import tables
from orestream.export.domain import ExportDomain


def build(rules: Path | None = None) -> ExportDomain:
    """Export's pure part; `rules` is a directory of an operator's own rule tables."""
    return ExportDomain(tables.load(rules))


def configured() -> ExportDomain:
    """The same with the directory that `ORESTREAM_RULES_DIR` names, if it names one."""
    directory = os.environ.get("ORESTREAM_RULES_DIR")
    return build(Path(directory) if directory else None)
