"""SQL that both databases understand, one text each, and a way to give it many rows at once.

`{given}` in a statement is the relation of the rows it is given: in PostgreSQL an `UNNEST` of one array per
column; in SQLite `json_each` of one parameter where it reads, and one row after another where it writes.
`{now}` is the database's clock in milliseconds; `{for_update}` locks rows where there are row locks,
`{unless_locked}` too, passing over those that others have locked.
"""

from __future__ import annotations

from dataclasses import dataclass

_POSTGRES = {
    "{now}": "(extract(epoch from clock_timestamp()) * 1000)::bigint",
    "{for_update}": "FOR UPDATE",
    "{for_update_of_lane}": "FOR UPDATE OF lane",
    "{unless_locked}": "FOR UPDATE SKIP LOCKED",
}
_SQLITE = {
    "{now}": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    "{for_update}": "",
    "{for_update_of_lane}": "",
    "{unless_locked}": "",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement in every form it is needed in."""

    postgres: str
    sqlite: str
    """Where it reads, or has no given rows."""
    sqlite_each: str
    """Where it writes one given row after another."""


def plain(sql: str) -> Statement:
    """A statement with parameters `$1`, `$2` and so on."""
    return Statement(_fill(sql, _POSTGRES), _numbered(_fill(sql, _SQLITE)), "")


def bulk(sql: str, **columns: str) -> Statement:
    """A statement over `{given}`, whose columns have these PostgreSQL types."""
    arrays = ", ".join(f"${i}::{type_}[]" for i, type_ in enumerate(columns.values(), 1))
    unnest = f"unnest({arrays}) AS given({', '.join(columns)})"
    members = ", ".join(f"json_extract(value, '$[{i}]') AS {name}" for i, name in enumerate(columns))
    each = ", ".join(f"?{i} AS {name}" for i, name in enumerate(columns, 1))
    sqlite = _fill(sql, _SQLITE)
    return Statement(
        _fill(sql, _POSTGRES).replace("{given}", unnest),
        sqlite.replace("{given}", f"(SELECT {members} FROM json_each(?1)) AS given"),
        sqlite.replace("{given}", f"(SELECT {each}) AS given"),
    )


def _fill(sql: str, fragments: dict[str, str]) -> str:
    for name, text in fragments.items():
        sql = sql.replace(name, text)
    return sql


def _numbered(sql: str) -> str:
    return sql.replace("$", "?")
