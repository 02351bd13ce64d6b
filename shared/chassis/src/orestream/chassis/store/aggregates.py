"""States with versions. What was read is validated at the commit: reading never raises a version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from orestream.chassis.store.statement import bulk
from orestream.chassis.store.transaction import Conflict, Row, Transaction
from orestream.contracts.decision import Ref


class Stored(NamedTuple):
    """One row. `text` is None for a placeholder."""

    version: int
    format: int
    text: str | None


class Change(NamedTuple):
    """A row to be written with a new state."""

    ref: Ref
    expected: int | None
    """The version that was read; None where there was no row."""
    format: int
    text: str


_REF = {"kind": "text", "id": "text"}
_READ = bulk(
    "SELECT a.kind, a.id, a.version, a.format, a.state FROM {given}"
    " JOIN aggregate a ON a.kind = given.kind AND a.id = given.id",
    **_REF,
)
_INSERT = bulk(
    "INSERT INTO aggregate (kind, id, version, format, state)"
    " SELECT kind, id, version, format, state FROM {given} WHERE true ORDER BY kind, id"
    " ON CONFLICT DO NOTHING",
    **_REF,
    version="bigint",
    format="integer",
    state="text",
)
_UPDATE = bulk(
    "UPDATE aggregate SET version = aggregate.version + 1, format = given.format, state = given.state"
    " FROM {given} WHERE aggregate.kind = given.kind AND aggregate.id = given.id"
    " AND aggregate.version = given.expected",
    **_REF,
    expected="bigint",
    format="integer",
    state="text",
)
_RAISE = bulk(
    "UPDATE aggregate SET version = aggregate.version + 1 FROM {given}"
    " WHERE aggregate.kind = given.kind AND aggregate.id = given.id AND aggregate.version = given.expected",
    **_REF,
    expected="bigint",
)
# One pass over the rows in the order given, each locked as it is needed: a join per row, since an UPDATE or a
# SELECT over a set locks in an order of the planner's choosing, and two passes could wait for each other.
_LOCK = bulk(
    "SELECT coalesce(w.version, r.version), given.expected FROM {given}"
    " LEFT JOIN LATERAL (SELECT a.version FROM aggregate a WHERE given.written"
    "   AND a.kind = given.kind AND a.id = given.id FOR NO KEY UPDATE) w ON true"
    " LEFT JOIN LATERAL (SELECT a.version FROM aggregate a WHERE NOT given.written"
    "   AND a.kind = given.kind AND a.id = given.id FOR SHARE) r ON true",
    **_REF,
    expected="bigint",
    written="boolean",
)
_LOCK_ALL = bulk(
    "SELECT l.version FROM {given} JOIN LATERAL (SELECT a.version FROM aggregate a"
    " WHERE a.kind = given.kind AND a.id = given.id FOR NO KEY UPDATE) l ON true",
    **_REF,
)
PLACEHOLDER_FORMAT = 0

_by_ref = itemgetter(0, 1)

_Locked = tuple[str, str, int, bool]
"""Kind, id, version expected, and whether it is written."""


async def read(transaction: Transaction, refs: Iterable[Ref]) -> dict[Ref, Stored]:
    """The rows of those that have one."""
    rows = await transaction.read(_READ, [tuple(ref) for ref in refs])
    return {Ref(kind, id_): Stored(version, format_, text) for kind, id_, version, format_, text in rows}


async def commit(
    transaction: Transaction,
    changes: Sequence[Change],
    raised: Mapping[Ref, int | None],
    read_: Mapping[Ref, int | None],
) -> None:
    """Write what changed, and prove that the rest of what was read is as it was.

    Args:
        transaction: the open one.
        changes: rows to write.
        raised: rows whose version rises though their state stays, with the version that was read.
        read_: every other row that was read, with its version, or None where there was no row.

    Raises:
        Conflict: one of them has another version by now.
    """
    await _give_birth(transaction, changes, raised, read_)
    updates = [(*c.ref, c.expected, c.format, c.text) for c in changes if c.expected is not None]
    raises = [(*ref, version) for ref, version in raised.items() if version is not None]
    if transaction.locks:
        locked: list[_Locked] = [(kind, id_, version, True) for kind, id_, version, *_ in updates]
        locked += [(*ref, True) for ref in raises]
        locked += [(*ref, version, False) for ref, version in read_.items() if version is not None]
        await _lock(transaction, locked)
    done = await transaction.write(_UPDATE, updates) + await transaction.write(_RAISE, raises)
    if done != len(updates) + len(raises):
        raise Conflict("an aggregate has changed since it was read")


async def _give_birth(
    transaction: Transaction,
    changes: Sequence[Change],
    raised: Mapping[Ref, int | None],
    read_: Mapping[Ref, int | None],
) -> None:
    """Insert the rows found absent: with their state, or as placeholders for what was relied on."""
    born: list[Row] = [(*c.ref, 1, c.format, c.text) for c in changes if c.expected is None]
    born += [(*ref, 1, PLACEHOLDER_FORMAT, None) for ref, version in raised.items() if version is None]
    born += [(*ref, 0, PLACEHOLDER_FORMAT, None) for ref, version in read_.items() if version is None]
    if await transaction.write(_INSERT, sorted(born, key=_by_ref)) != len(born):
        raise Conflict("an aggregate found absent is there now")


async def lock(transaction: Transaction, refs: Iterable[Ref]) -> None:
    """Lock rows before they are read, in order; those that are absent get a placeholder to lock."""
    if not transaction.locks:
        return
    ordered = sorted(refs)
    await transaction.write(_INSERT, [(*ref, 0, PLACEHOLDER_FORMAT, None) for ref in ordered])
    await transaction.read(_LOCK_ALL, [tuple(ref) for ref in ordered])


async def _lock(transaction: Transaction, rows: list[_Locked]) -> None:
    found = await transaction.read(_LOCK, sorted(rows, key=_by_ref))
    if any(version != expected for version, expected in found):
        raise Conflict("an aggregate has changed since it was read")
