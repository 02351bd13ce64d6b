"""Reads a service's database with its plain driver and statements of its own."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg

from tests.chaos.checker.evidence import Database, Parked, Row, Waiting
from tests.chaos.checker.records import pack, print_of, stored_headers, texts_of

Rows = list[tuple[Any, ...]]

_STATEMENTS = {
    "intake": "SELECT topic, partition, next_offset FROM intake",
    "received": "SELECT source, topic, partition, sequence FROM received",
    "aggregates": "SELECT kind, id, state FROM aggregate",
    "outcomes": "SELECT command_id, digest, status, answer FROM outcome",
    "lanes": "SELECT key, ready FROM lane",
    "waiting": "SELECT key, place, command_id, topic, partition, at_offset FROM waiting ORDER BY key, place",
    "waits_for": "SELECT kind, id, key, place FROM waits_for",
    "parked": "SELECT place, key, topic, partition, at_offset, behind FROM parked ORDER BY place",
    "head": "SELECT position, link FROM outbox_head",
    "sequences": "SELECT topic, partition, last FROM sequence",
}
_OUTBOX = (
    "SELECT position, link, previous_link, decision_end, topic, partition, sequence, key, headers, value"
    " FROM outbox ORDER BY position"
)
_TASKS = "SELECT kind, cause_id FROM task ORDER BY cause_id"
"""Of a table that an earlier schema lacks."""
_AT_ONCE = 2_000


async def read(url: str) -> Database:
    """Everything in it that a check needs, as of one moment."""
    path = sqlite_path(url)
    return _read_sqlite(path) if path is not None else await _read_postgres(url)


def sqlite_path(url: str) -> str | None:
    """The file that a URL or a plain path names; None for PostgreSQL."""
    parts = urlsplit(url)
    if not parts.scheme:
        return url
    return unquote(parts.path)[1:] if parts.scheme.startswith("sqlite") else None


def _read_sqlite(path: str) -> Database:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        found: dict[str, Rows] = {
            name: connection.execute(statement).fetchall() for name, statement in _STATEMENTS.items()
        }
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'task'").fetchall():
            found["tasks"] = connection.execute(_TASKS).fetchall()
        rows = list(rows_of(connection.execute(_OUTBOX)))
    return _database(found, rows)


async def _read_postgres(url: str) -> Database:
    connection = await asyncpg.connect(re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", url))
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            found: dict[str, Rows] = {}
            for name, statement in _STATEMENTS.items():
                found[name] = [tuple(row) for row in await connection.fetch(statement)]
            if await connection.fetchval("SELECT to_regclass('task')") is not None:
                found["tasks"] = [tuple(row) for row in await connection.fetch(_TASKS)]
            rows: list[Row] = []
            cursor = await connection.cursor(_OUTBOX)
            while page := await cursor.fetch(_AT_ONCE):
                rows.extend(rows_of(tuple(row) for row in page))
    finally:
        await connection.close()
    return _database(found, rows)


def _database(found: dict[str, Rows], rows: list[Row]) -> Database:
    ((position, link),) = found["head"] or [(0, "")]
    return Database(
        intake={(topic, partition): at for topic, partition, at in found["intake"]},
        received={(source, topic, p): sequence for source, topic, p, sequence in found["received"]},
        aggregates={(kind, id_): state for kind, id_, state in found["aggregates"]},
        outcomes={id_: (digest, status, answer) for id_, digest, status, answer in found["outcomes"]},
        lanes={key: bool(ready) for key, ready in found["lanes"]},
        waiting=tuple(Waiting(*row) for row in found["waiting"]),
        waits_for=tuple((kind, id_, key, place) for kind, id_, key, place in found["waits_for"]),
        parked=tuple(
            Parked(place, key, f"{topic}/{partition}/{offset}", behind)
            for place, key, topic, partition, offset, behind in found["parked"]
        ),
        outbox=tuple(rows),
        head=(position, link),
        sequences={(topic, partition): last for topic, partition, last in found["sequences"]},
        tasks=tuple((kind, cause) for kind, cause in found.get("tasks", ())),
    )


def rows_of(told: Iterable[tuple[Any, ...]]) -> Iterator[Row]:
    """Rows of an outbox, from its columns in the order in which they are asked for here."""
    for position, link, previous, end, topic, partition, sequence, key, headers, value in told:
        stored = stored_headers(headers)
        texts = texts_of(stored)
        yield Row(
            position,
            sys.intern(link),
            sys.intern(previous),
            bool(end),
            sys.intern(topic),
            partition,
            sequence,
            key,
            print_of(key, pack(stored), value),
            texts.get("ce_id", ""),
            sys.intern(texts.get("ce_type", "")),
            sys.intern(texts.get("ce_causationid", "")),
        )
