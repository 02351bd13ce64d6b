"""Lanes of command keys: one row each, never deleted, whose version guards all that waits there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from orestream.chassis.store.statement import bulk, plain
from orestream.chassis.store.transaction import Conflict, Transaction


@dataclass(frozen=True, slots=True)
class LaneRow:
    """A lane as stored."""

    version: int
    ready: bool
    next_place: int


@dataclass(frozen=True, slots=True)
class LaneChange:
    """A lane to be written; its version rises by one."""

    key: str
    ready: bool
    next_place: int


_KEY = {"key": "text"}
_READ = bulk(
    "SELECT l.key, l.version, l.ready, l.next_place FROM {given} JOIN lane l ON l.key = given.key", **_KEY
)
_CREATE = bulk(
    "INSERT INTO lane (key, version, ready, next_place)"
    " SELECT key, 0, false, 1 FROM {given} WHERE true ORDER BY key ON CONFLICT DO NOTHING",
    **_KEY,
)
_LOCK = bulk(
    "SELECT lane.key, lane.version FROM {given} JOIN lane ON lane.key = given.key ORDER BY lane.key"
    " {for_update_of_lane}",
    **_KEY,
)
_UPDATE = bulk(
    "UPDATE lane SET version = version + 1, ready = given.ready, next_place = given.next_place"
    " FROM {given} WHERE lane.key = given.key",
    **_KEY,
    ready="boolean",
    next_place="bigint",
)
_WAKE = bulk(
    "UPDATE lane SET version = version + 1, ready = true FROM {given} WHERE lane.key = given.key", **_KEY
)
_READY = plain("SELECT key FROM lane WHERE ready ORDER BY key LIMIT $1")


async def read(transaction: Transaction, keys: Collection[str]) -> dict[str, LaneRow]:
    """The lanes of those keys that have one."""
    rows = await transaction.read(_READ, _ones(keys))
    return {key: LaneRow(version, bool(ready), next_place) for key, version, ready, next_place in rows}


async def lock(transaction: Transaction, keys: Collection[str]) -> dict[str, int]:
    """Lock lanes in order, made where missing; their versions."""
    await transaction.write(_CREATE, _ones(keys))
    return {str(key): int(version) for key, version in await transaction.read(_LOCK, _ones(keys))}


async def validate(transaction: Transaction, read_: Mapping[str, int], woken: Collection[str]) -> None:
    """Lock the lanes read and those to be woken, and prove that those read are as they were.

    Raises:
        Conflict: one of them has another version by now.
    """
    versions = await lock(transaction, {*read_, *woken})
    if any(versions[key] != version for key, version in read_.items()):
        raise Conflict("a lane has changed since it was read")


async def update(transaction: Transaction, changes: Sequence[LaneChange]) -> None:
    """Write lanes that are locked."""
    await transaction.write(_UPDATE, [(c.key, c.ready, c.next_place) for c in changes])


async def wake(transaction: Transaction, keys: Collection[str]) -> None:
    """Mark locked lanes ready, whatever else is in them."""
    await transaction.write(_WAKE, _ones(keys))


async def ready(transaction: Transaction, limit: int) -> list[str]:
    """Some lanes that are ready."""
    return [key for (key,) in await transaction.select(_READY, limit)]


def _ones(keys: Collection[str]) -> list[tuple[str]]:
    return [(key,) for key in sorted(keys)]
