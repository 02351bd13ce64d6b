"""Facts set aside, in order, and what the operator wishes for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from orestream.chassis.headers import pack, unpack
from orestream.chassis.records import Fetched
from orestream.chassis.store.statement import bulk, plain
from orestream.chassis.store.transaction import Row, Transaction

Wish = Literal["retry", "discard"]


@dataclass(frozen=True, slots=True)
class Parked:
    """One record set aside."""

    place: int
    """Its order among all that are parked."""
    key: str
    record: Fetched
    reason: str
    attempts: int
    behind: str | None
    """The parked key it follows; None where it fails itself."""
    wish: Wish | None = None
    wish_why: str | None = None
    parked_ms: int = 0


_COLUMNS = (
    "place, key, topic, partition, at_offset, record_key, headers, value, timestamp_ms,"
    " reason, attempts, behind, wish, wish_why, parked_ms"
)
_INSERT = bulk(
    f"INSERT INTO parked ({_COLUMNS}) SELECT place, key, topic, partition, at_offset, record_key, headers,"
    " value, timestamp_ms, reason, attempts, behind, NULL, NULL, {now} FROM {given}",
    place="bigint",
    key="text",
    topic="text",
    partition="bigint",
    at_offset="bigint",
    record_key="bytea",
    headers="text",
    value="bytea",
    timestamp_ms="bigint",
    reason="text",
    attempts="integer",
    behind="text",
)
_MARK = bulk(
    "UPDATE parked SET reason = given.reason, attempts = given.attempts, behind = given.behind,"
    " wish = CASE WHEN given.behind IS NULL AND parked.wish <> given.wish THEN parked.wish END,"
    " wish_why = CASE WHEN given.behind IS NULL AND parked.wish <> given.wish THEN parked.wish_why END"
    " FROM {given} WHERE parked.place = given.place",
    place="bigint",
    reason="text",
    attempts="integer",
    behind="text",
    wish="text",
)
_DELETE = bulk("DELETE FROM parked WHERE place IN (SELECT place FROM {given})", place="bigint")
_LIST = plain(f"SELECT {_COLUMNS} FROM parked ORDER BY place LIMIT $1")
_SHOW = plain(f"SELECT {_COLUMNS} FROM parked WHERE key = $1 ORDER BY place")
_KEYS = plain("SELECT count(DISTINCT key) FROM parked")
_FIRST = plain("SELECT key, min(place) FROM parked GROUP BY key")
_WISH = plain(
    "UPDATE parked SET wish = $2, wish_why = $3 WHERE behind IS NULL"
    " AND place = (SELECT min(place) FROM parked WHERE key = $1)"
)
# A key can go on when its first record has been wished for, or follows nothing any more that came before it.
_MOVABLE = plain(
    "SELECT p.key FROM parked p WHERE p.place = (SELECT min(place) FROM parked WHERE key = p.key)"
    " AND (p.wish IS NOT NULL OR p.behind = p.key OR (p.behind IS NOT NULL"
    "   AND NOT EXISTS (SELECT 1 FROM parked b WHERE b.key = p.behind AND b.place < p.place)))"
    " ORDER BY p.place LIMIT $1"
)


async def insert(transaction: Transaction, parked: Sequence[Parked]) -> None:
    """Set records aside."""
    await transaction.write(_INSERT, [_stored(p) for p in parked])


async def mark(transaction: Transaction, parked: Sequence[Parked]) -> None:
    """Write why records stay, after they were tried again; the wishes tried are used up, newer ones stay."""
    await transaction.write(_MARK, [(p.place, p.reason, p.attempts, p.behind, p.wish) for p in parked])


async def delete(transaction: Transaction, places: Sequence[int]) -> None:
    """Forget records that are decided or discarded."""
    await transaction.write(_DELETE, [(place,) for place in places])


async def listed(transaction: Transaction, limit: int) -> list[Parked]:
    """What is parked, in order."""
    return [_parked(row) for row in await transaction.select(_LIST, limit)]


async def of_key(transaction: Transaction, key: str) -> list[Parked]:
    """What is parked under one key, in order."""
    return [_parked(row) for row in await transaction.select(_SHOW, key)]


async def wish(transaction: Transaction, key: str, wish_: Wish, why: str | None) -> bool:
    """Say what shall become of the first record of a key; False where none of it fails by itself."""
    return await transaction.run(_WISH, key, wish_, why) == 1


async def movable(transaction: Transaction, limit: int) -> list[str]:
    """Keys whose first record can be tried or discarded now."""
    return [key for (key,) in await transaction.select(_MOVABLE, limit)]


async def keys(transaction: Transaction) -> int:
    """How many keys are parked."""
    return int((await transaction.select(_KEYS))[0][0])


async def first_places(transaction: Transaction) -> dict[str, int]:
    """Key → the place of its first record."""
    return {str(key): int(place) for key, place in await transaction.select(_FIRST)}


def _stored(parked: Parked) -> Row:
    r = parked.record
    return (
        parked.place,
        parked.key,
        r.topic,
        r.partition,
        r.offset,
        r.key,
        pack(r.headers),
        r.value,
        r.timestamp_ms,
        parked.reason,
        parked.attempts,
        parked.behind,
    )


def _parked(row: Row) -> Parked:
    place, key, topic, partition, offset, record_key, headers, value, timestamp_ms, *rest = row
    record = Fetched(topic, partition, offset, record_key, unpack(headers), value, timestamp_ms)
    reason, attempts, behind, wish_, why, parked_ms = rest
    return Parked(place, key, record, reason, attempts, behind, wish_, why, parked_ms)
