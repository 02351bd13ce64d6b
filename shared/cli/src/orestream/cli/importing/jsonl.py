"""Reads JSONL: one flat JSON object a line."""

from __future__ import annotations

import json
from typing import Any

from orestream.cli.importing.rows import Fault, Reading, Row

_DECIMAL_ADVICE = 'decimals are strings, like "24000.000"'


class _Unreadable(ValueError):
    """A line that is JSON for a lenient reader, and not for this one."""

    def __init__(self, column: str, why: str, advice: str) -> None:
        super().__init__(why)
        self.column, self.why, self.advice = column, why, advice


def read_jsonl(file: str, text: str) -> Reading:
    """Rows and faults of a JSONL text; blank lines are skipped."""
    rows: list[Row] = []
    faults: list[Fault] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        found = _read_line(file, number, line)
        if isinstance(found, Row):
            rows.append(found)
        else:
            faults.append(found)
    return Reading(tuple(rows), tuple(faults))


def _read_line(file: str, number: int, line: str) -> Row | Fault:
    try:
        value = json.loads(line, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        return Fault(
            file, number, f"character {error.colno}", f"this is not JSON: {error.msg}", "one object a line"
        )
    except _Unreadable as error:
        return Fault(file, number, error.column, error.why, error.advice)
    except RecursionError:
        return Fault(file, number, "", "objects are nested too deeply", "a command is at most four deep")
    if not isinstance(value, dict):
        return Fault(file, number, "", f"a JSON {_kind(value)} is no command", 'write {"command": …, …}')
    return Row(file, number, value)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Unreadable(name, "this field stands there twice", "leave one of them")
        found[name] = value
    return found


def _no_constant(name: str) -> Any:
    raise _Unreadable("", f"{name} is no number that JSON knows", _DECIMAL_ADVICE)


def _kind(value: Any) -> str:
    names = {list: "array", str: "string", bool: "boolean", int: "number", float: "number"}
    return names.get(type(value), "null")
