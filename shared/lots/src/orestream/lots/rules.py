"""The rules' ids, as outcomes and holds name them, and how a refusal is put."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from orestream.contracts.decision import Refused

R01: Final = "R01"
R02: Final = "R02"
R03: Final = "R03"
R04: Final = "R04"
R05: Final = "R05"
R06: Final = "R06"
R08: Final = "R08"
R11: Final = "R11"
R12: Final = "R12"
R29: Final = "R29"
R30: Final = "R30"


def refused(rule: str, message: str, **details: Any) -> Refused:
    """A refusal whose offending values stand in its details as text."""
    return Refused(rule, message, {name: _text(value) for name, value in details.items()})


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, Iterable):
        return [_text(one) for one in value]
    return str(value)
