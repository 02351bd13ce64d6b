"""One row of a file, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """A command as a file states it, not yet checked.

    Attributes:
        file: the file's name as it was given, `-` for stdin.
        number: line of the file where the row begins, from 1.
        fields: the object, `command` and `service` included.
        letters: CSV's columns by their dotted names, as spreadsheets name them (`A`, `AB`).
    """

    file: str
    number: int
    fields: dict[str, Any]
    letters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, where, and what to do about it."""

    file: str
    row: int
    column: str
    """Dotted name of the field; empty where the row as a whole is meant."""
    why: str
    advice: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.row}" + (f": {self.column}" if self.column else "")
        return f"{place}: {self.why}" + (f" → {self.advice}" if self.advice else "")


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a file: rows that could be read, and faults of those that could not."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
