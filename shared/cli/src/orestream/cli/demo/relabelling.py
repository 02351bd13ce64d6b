"""Gives the ids in rows a mark of their own, so that the same files can be sent to one cluster again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from orestream.cli.importing.rows import Row

_NAMES = ("number", "id", "seal")


def relabelled(rows: Sequence[Row], mark: str) -> list[Row]:
    """The same rows; every id that they define ends with the mark, wherever it stands."""
    known = {value for row in rows for value in _ids(row.fields)}
    return [replace(row, fields=_marked(row.fields, known, mark)) for row in rows]


def _ids(value: Any) -> Iterator[str]:
    """Ids of things and commands, numbers of papers and tickets, seals."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str) and (name.endswith("_id") or name in _NAMES):
                yield inner
            else:
                yield from _ids(inner)
    elif isinstance(value, list):
        for item in value:
            yield from _ids(item)


def _marked(value: Any, known: Iterable[str], mark: str) -> Any:
    if isinstance(value, dict):
        return {name: _marked(inner, known, mark) for name, inner in value.items()}
    if isinstance(value, list):
        return [_marked(item, known, mark) for item in value]
    return value + mark if isinstance(value, str) and value in known else value
