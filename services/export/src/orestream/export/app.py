"""The export service: its pure part, with the rule tables it decides by."""

from __future__ import annotations

from pathlib import Path

from orestream.export import tables
from orestream.export.domain import ExportDomain


def build(rules: Path | None = None) -> ExportDomain:
    """Export's pure part; `rules` is a directory of an operator's own rule tables."""
    return ExportDomain(tables.load(rules))
