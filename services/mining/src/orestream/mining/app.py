"""The mining service: its pure part, with the rule tables it decides by."""

from __future__ import annotations

import os
from pathlib import Path

from orestream.lots import tables
from orestream.mining.domain import MiningDomain


def build(rules: Path | None = None) -> MiningDomain:
    """Mining's pure part; `rules` is a directory of an operator's own rule tables."""
    return MiningDomain(tables.load(rules))


def configured() -> MiningDomain:
    """The same with the directory that `ORESTREAM_RULES_DIR` names, if it names one."""
    directory = os.environ.get("ORESTREAM_RULES_DIR")
    return build(Path(directory) if directory else None)
