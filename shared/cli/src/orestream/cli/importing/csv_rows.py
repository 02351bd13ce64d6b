"""Reads CSV: the columns are the fields of the command, written with dots (`tickets.0.gross_kg`).

An empty cell is an absent field. The separator (comma, semicolon or tab) is taken from the header line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from orestream.cli.importing.rows import Fault, Reading, Row
from orestream.cli.importing.shapes import annotation_at, typed
from orestream.contracts.registry import MESSAGES

_SEPARATORS = ",;\t"


class _Misplaced(ValueError):
    """A cell that does not fit with the other cells of its row."""

    def __init__(self, column: str, why: str, advice: str) -> None:
        super().__init__(why)
        self.column, self.why, self.advice = column, why, advice


def read_csv(file: str, text: str) -> Reading:
    """Rows and faults of a CSV text whose first line is the header."""
    header_line = text.split("\n", 1)[0]
    separator = max(_SEPARATORS, key=header_line.count)
    lines = _numbered(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    try:
        number, header = next(lines, (1, []))
        faults = tuple(_header_faults(file, number, header))
        if faults:
            return Reading((), faults)
        return _read_rows(file, [name.strip() for name in header], lines)
    except csv.Error as error:
        return Reading((), (Fault(file, 1, "", f"this is not CSV: {error}", "save it as CSV, UTF-8"),))


def _numbered(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line on which each begins; blank ones are skipped."""
    begins = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield begins, cells
        begins = reader.line_num + 1


def _header_faults(file: str, number: int, header: Sequence[str]) -> Iterator[Fault]:
    names = [name.strip() for name in header]
    if "command" not in names:
        yield Fault(
            file,
            number,
            "command",
            "the header has no such column",
            "`orestream send --template MineLot` prints a header to begin with",
        )
    for index, name in enumerate(names):
        if not name:
            yield Fault(file, number, letters(index), "this column has no name", "name it, or delete it")
        elif name in names[:index]:
            yield Fault(file, number, name, "this column stands there twice", "delete one of them")


def _read_rows(file: str, header: list[str], lines: Iterator[tuple[int, list[str]]]) -> Reading:
    rows: list[Row] = []
    faults: list[Fault] = []
    lettered = {name: letters(index) for index, name in enumerate(header)}
    for number, cells in lines:
        try:
            rows.append(Row(file, number, _object(header, cells), lettered))
        except _Misplaced as error:
            faults.append(Fault(file, number, error.column, error.why, error.advice))
    return Reading(tuple(rows), tuple(faults))


def _object(header: list[str], cells: list[str]) -> dict[str, Any]:
    """The nested object that a row's cells spell."""
    if any(cell.strip() for cell in cells[len(header) :]):
        raise _Misplaced(
            letters(len(header)), "this cell stands beyond the header", "quote cells with separators"
        )
    filled = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if cell.strip()}
    model = MESSAGES.get(filled.get("command", ""))
    tree: dict[str, Any] = {}
    for name, text in filled.items():
        path = name.split(".")
        kind = annotation_at(model, path) if model is not None else None
        _put(tree, name, path, text if kind is None else typed(kind, text))
    listed: dict[str, Any] = {name: _with_lists(name, value) for name, value in tree.items()}
    return listed


def _put(tree: dict[str, Any], name: str, path: list[str], value: Any) -> None:
    for step in path[:-1]:
        tree = tree.setdefault(step, {})
        if not isinstance(tree, dict):
            raise _Misplaced(name, f"{step} is a value in another column", "name one of the two differently")
    if isinstance(tree.get(path[-1]), dict):
        raise _Misplaced(name, "other columns name parts of it", "fill in the parts only")
    tree[path[-1]] = value


def _with_lists(name: str, value: Any) -> Any:
    """Objects whose names are 0, 1, 2 … become lists."""
    if not isinstance(value, dict):
        return value
    inner = {step: _with_lists(f"{name}.{step}", part) for step, part in value.items()}
    if not any(step.isdigit() for step in inner):
        return inner
    try:
        return [inner[str(index)] for index in range(len(inner))]
    except KeyError as error:
        raise _Misplaced(
            f"{name}.{error.args[0]}", "it is empty, although later ones are filled", "count from 0"
        ) from None


def letters(index: int) -> str:
    """A column as spreadsheets name it: 0 is A, 26 is AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
