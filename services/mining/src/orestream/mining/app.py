"""The mining service: its pure part, with the rule tables it decides by."""

from __future__ import annotations

from pathlib import Path

from orestream.lots import tables
from orestream.mining.domain import MiningDomain


def build(rules: Path | None = None) -> MiningDomain:
    """Mining's pure part; `rules` is a directory of an operator's own rule tables."""
    return MiningDomain(tables.load(rules))
