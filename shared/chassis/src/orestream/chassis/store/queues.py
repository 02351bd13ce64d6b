"""Commands that wait in the lanes, in order, each for certain aggregates; the lanes' versions guard them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from orestream.chassis.headers import pack, unpack
from orestream.chassis.records import Fetched
from orestream.chassis.store.statement import bulk, plain
from orestream.chassis.store.transaction import Transaction
from orestream.contracts.decision import Ref


@dataclass(frozen=True, slots=True)
class Head:
    """The first in a lane's queue, and what it waits for."""

    place: int
    needs: frozenset[Ref]


@dataclass(frozen=True, slots=True)
class Queued:
    """A command in a lane's queue."""

    key: str
    place: int
    command_id: str
    record: Fetched


_KEY = {"key": "text"}
_PLACE = {**_KEY, "place": "bigint"}
_HEADS = bulk(
    "SELECT w.key, w.place, n.kind, n.id FROM {given} JOIN waiting w ON w.key = given.key"
    " AND w.place = (SELECT min(place) FROM waiting WHERE key = given.key)"
    " LEFT JOIN waits_for n ON n.key = w.key AND n.place = w.place",
    **_KEY,
)
_QUEUES = bulk(
    "SELECT w.key, w.place, w.command_id, w.topic, w.partition, w.at_offset, w.headers, w.value,"
    " w.timestamp_ms FROM {given} JOIN waiting w ON w.key = given.key ORDER BY w.key, w.place",
    **_KEY,
)
_WAITERS = bulk(
    "SELECT DISTINCT n.kind, n.id, n.key FROM {given} JOIN waits_for n"
    " ON n.kind = given.kind AND n.id = given.id",
    kind="text",
    id="text",
)
_QUEUE = bulk(
    "INSERT INTO waiting (key, place, command_id, topic, partition, at_offset, headers, value,"
    " timestamp_ms, arrived_ms) SELECT key, place, command_id, topic, partition, at_offset, headers,"
    " value, timestamp_ms, {now} FROM {given}",
    **_KEY,
    place="bigint",
    command_id="text",
    topic="text",
    partition="bigint",
    at_offset="bigint",
    headers="text",
    value="bytea",
    timestamp_ms="bigint",
)
_LEAVE = bulk("DELETE FROM waiting WHERE (key, place) IN (SELECT key, place FROM {given})", **_PLACE)
_FORGET = bulk("DELETE FROM waits_for WHERE (key, place) IN (SELECT key, place FROM {given})", **_PLACE)
_NEED = bulk(
    "INSERT INTO waits_for (kind, id, key, place) SELECT kind, id, key, place FROM {given} WHERE true"
    " ON CONFLICT DO NOTHING",
    kind="text",
    id="text",
    **_PLACE,
)
_EXPIRED = plain(
    "SELECT w.key FROM waiting w JOIN lane l ON l.key = w.key WHERE w.arrived_ms <= {now} - $1"
    " AND NOT l.ready AND w.place = (SELECT min(place) FROM waiting WHERE key = w.key)"
    " ORDER BY w.arrived_ms LIMIT $2"
)
_STILL_EXPIRED = bulk(
    "SELECT w.key FROM {given} JOIN waiting w ON w.key = given.key AND w.place = given.place"
    " WHERE w.arrived_ms <= {now} - given.limit_ms",
    **_PLACE,
    limit_ms="bigint",
)
_WAITING = plain("SELECT count(*) FROM waiting")


async def heads(transaction: Transaction, keys: Collection[str]) -> dict[str, Head]:
    """The head of each queue that is not empty. Read after the lanes, whose versions guard them."""
    places: dict[str, int] = {}
    needs: dict[str, set[Ref]] = {}
    for key, place, kind, id_ in await transaction.read(_HEADS, [(key,) for key in sorted(keys)]):
        places[key] = place
        if kind is not None:
            needs.setdefault(key, set()).add(Ref(kind, id_))
    return {key: Head(place, frozenset(needs.get(key, ()))) for key, place in places.items()}


async def whole(transaction: Transaction, keys: Collection[str]) -> dict[str, list[Queued]]:
    """Whole queues, in order."""
    found: dict[str, list[Queued]] = {}
    rows = await transaction.read(_QUEUES, [(key,) for key in sorted(keys)])
    for key, place, command_id, topic, partition, offset, headers, value, timestamp_ms in rows:
        record = Fetched(topic, partition, offset, key.encode(), unpack(headers), value, timestamp_ms)
        found.setdefault(key, []).append(Queued(key, place, command_id, record))
    return found


async def waiters(transaction: Transaction, refs: Iterable[Ref]) -> dict[Ref, set[str]]:
    """The lanes in which something waits for each. Read after the aggregates, whose versions guard them."""
    found: dict[Ref, set[str]] = {}
    for kind, id_, key in await transaction.read(_WAITERS, [tuple(ref) for ref in refs]):
        found.setdefault(Ref(kind, id_), set()).add(key)
    return found


async def add(transaction: Transaction, queued: Sequence[Queued]) -> None:
    """Add commands to their lanes."""
    rows = []
    for q in queued:
        r = q.record
        headers = pack(r.headers)
        rows.append(
            (q.key, q.place, q.command_id, r.topic, r.partition, r.offset, headers, r.value, r.timestamp_ms)
        )
    await transaction.write(_QUEUE, rows)


async def leave(transaction: Transaction, places: Sequence[tuple[str, int]]) -> None:
    """Take commands out of their lanes."""
    await transaction.write(_FORGET, places)
    await transaction.write(_LEAVE, places)


async def need(transaction: Transaction, needs: Mapping[tuple[str, int], Iterable[Ref]]) -> None:
    """Replace what queued commands wait for."""
    await transaction.write(_FORGET, list(needs))
    await transaction.write(_NEED, [(*ref, *at) for at, refs in needs.items() for ref in refs])


async def expired(transaction: Transaction, limit_ms: int, count: int) -> list[str]:
    """Some lanes, not ready, whose head has waited too long."""
    return [key for (key,) in await transaction.select(_EXPIRED, limit_ms, count)]


async def still_expired(
    transaction: Transaction, places: Sequence[tuple[str, int]], limit_ms: int
) -> set[str]:
    """Those lanes whose named place has waited too long."""
    return {
        key for (key,) in await transaction.read(_STILL_EXPIRED, [(*place, limit_ms) for place in places])
    }


async def waiting(transaction: Transaction) -> int:
    """How many commands wait."""
    return int((await transaction.select(_WAITING))[0][0])
