"""Durations as people write them in settings: `250ms`, `6s`, `15m`, `24h`, `30d`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

_WRITTEN = re.compile(r"^(?P<number>\d+(\.\d+)?)(?P<unit>ms|s|m|h|d)$")
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def read_duration(value: Any) -> Any:
    """The duration that a text states; anything that is no text is left to pydantic.

    Raises:
        ValueError: where number or unit is missing.
    """
    if not isinstance(value, str):
        return value
    match = _WRITTEN.match(value.strip())
    if match is None:
        raise ValueError("a duration is a number and its unit, like 250ms, 6s, 15m, 24h or 30d")
    return timedelta(**{_UNITS[match["unit"]]: float(match["number"])})


def write_duration(value: timedelta) -> str:
    """The shortest way to write it with one unit."""
    ms = round(value / timedelta(milliseconds=1))
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if ms and ms % size == 0:
            return f"{ms // size}{unit}"
    return f"{ms}ms"


def milliseconds(value: timedelta) -> int:
    """The duration in whole milliseconds."""
    return round(value / timedelta(milliseconds=1))


Duration = Annotated[timedelta, BeforeValidator(read_duration)]
