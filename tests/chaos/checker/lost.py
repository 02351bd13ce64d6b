"""Outbox rows of databases that are gone, which a run kept when `orestream recover` took their place.

Recovery sets the head of the outbox to the cursor; what the lost database had up to there is visible, and has
no row in the recovered one. With the rows that were kept the outbox is whole again, and every check looks at
it as at any other: byte for byte, link by link, decision by decision.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tests.chaos.checker.databases import rows_of
from tests.chaos.checker.evidence import Database


def whole(found: Mapping[str, Database], told: Iterable[Mapping[str, Any]]) -> dict[str, Database]:
    """Each database with the rows that were kept, in the places where it has none of its own."""
    kept = list(told)
    return {service: _filled(service, database, kept) for service, database in found.items()}


def _filled(service: str, database: Database, kept: Iterable[Mapping[str, Any]]) -> Database:
    rows = {row.position: row for row in database.outbox}
    for row in rows_of(_row(line["row"]) for line in kept if line["service"] == service):
        rows.setdefault(row.position, row)
    return replace(database, outbox=tuple(rows[position] for position in sorted(rows)))


def _row(told: list[Any]) -> tuple[Any, ...]:
    """A row as a database gives it: its bytes were written in base64."""
    *plain, key, headers, value = told
    return (*plain, *(None if part is None else b64decode(part) for part in (key, headers, value)))
