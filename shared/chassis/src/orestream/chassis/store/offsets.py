"""The next offset of every partition, moved by compare-and-set: that alone fences a late process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orestream.chassis.records import Place, Series
from orestream.chassis.store.statement import bulk, plain
from orestream.chassis.store.transaction import Transaction

_NEXT = plain("SELECT next_offset FROM intake WHERE cluster = $1 AND topic_id = $2 AND partition = $3")
_REGISTER = plain(
    "INSERT INTO intake (cluster, topic_id, partition, topic, first_offset, next_offset)"
    " VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT DO NOTHING"
)
_PLACE = {"cluster": "text", "topic_id": "text", "partition": "bigint"}
_SAME_PLACE = (
    "intake.cluster = given.cluster AND intake.topic_id = given.topic_id"
    " AND intake.partition = given.partition"
)
_LOCK = bulk(
    "SELECT intake.next_offset FROM intake JOIN {given}"
    f" ON {_SAME_PLACE} ORDER BY intake.cluster, intake.topic_id, intake.partition"
    " FOR UPDATE OF intake",
    **_PLACE,
)
_MOVE = bulk(
    "UPDATE intake SET next_offset = given.next_offset FROM {given}"
    f" WHERE {_SAME_PLACE} AND intake.next_offset = given.expected",
    **_PLACE,
    expected="bigint",
    next_offset="bigint",
)
_FROM_START = bulk(
    f"SELECT intake.topic, intake.partition FROM intake JOIN {{given}} ON {_SAME_PLACE}"
    " WHERE intake.first_offset = 0",
    **_PLACE,
)


async def next_offset(transaction: Transaction, place: Place) -> int | None:
    """The offset that comes next, or None where the place is not registered."""
    rows = await transaction.select(_NEXT, place.cluster, place.topic_id, place.partition)
    return int(rows[0][0]) if rows else None


async def register(transaction: Transaction, place: Place, at: int) -> None:
    """Begin at an offset, the first time; afterwards this has no effect."""
    await transaction.run(_REGISTER, place.cluster, place.topic_id, place.partition, place.topic, at)


async def move(transaction: Transaction, moves: Sequence[tuple[Place, int, int]]) -> bool:
    """Move places from what is expected to what comes next; False where one of them is elsewhere."""
    if transaction.locks and len(moves) > 1:
        # an UPDATE of several rows locks them in any order; two replicas could wait for each other
        await transaction.read(_LOCK, [(p.cluster, p.topic_id, p.partition) for p, _, _ in moves])
    rows = [(p.cluster, p.topic_id, p.partition, expected, next_) for p, expected, next_ in moves]
    return await transaction.write(_MOVE, rows) == len(moves)


async def read_from_start(transaction: Transaction, places: Mapping[Series, Place]) -> set[Series]:
    """Those of the places whose topic has been read from its beginning."""
    rows = await transaction.read(
        _FROM_START, [(p.cluster, p.topic_id, p.partition) for p in places.values()]
    )
    return {Series(topic, partition) for topic, partition in rows}
