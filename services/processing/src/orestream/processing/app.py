"""The processing service: its pure part, with the rule tables it decides by."""

from __future__ import annotations

import os
from pathlib import Path

from orestream.lots import tables
from orestream.processing.domain import ProcessingDomain


def build(rules: Path | None = None) -> ProcessingDomain:
    """Processing's pure part; `rules` is a directory of an operator's own rule tables."""
    return ProcessingDomain(tables.load(rules))


def configured() -> ProcessingDomain:
    """The same with the directory that `ORESTREAM_RULES_DIR` names, if it names one."""
    directory = os.environ.get("ORESTREAM_RULES_DIR")
    return build(Path(directory) if directory else None)
