"""Statements that only recovery needs: rows that the intake writes another way, or never."""

from __future__ import annotations

from collections.abc import Mapping

from orestream.chassis.records import Fetched, Series
from orestream.chassis.relay.cursor import Cursor
from orestream.chassis.store import parked
from orestream.chassis.store.parked import Parked
from orestream.chassis.store.statement import bulk, plain
from orestream.chassis.store.transaction import Transaction

_PATIENT = plain("SELECT set_config('idle_in_transaction_session_timeout', '0', true)")
_WAITING = bulk(
    "SELECT w.command_id, w.key, w.place FROM {given} JOIN waiting w ON w.command_id = given.command_id",
    command_id="text",
)
_PARKED_KEY = plain("SELECT key FROM parked WHERE topic = $1 AND partition = $2 AND at_offset = $3")
_SEQUENCE = bulk(
    "INSERT INTO sequence (topic, partition, last) SELECT topic, partition, last FROM {given} WHERE true"
    " ON CONFLICT (topic, partition) DO UPDATE SET last = excluded.last",
    topic="text",
    partition="bigint",
    last="bigint",
)
_HEAD = plain("UPDATE outbox_head SET position = $1, link = $2")
_NEXT_INDEX = bulk(
    "UPDATE task SET next_index = task.next_index + given.facts FROM {given}"
    " WHERE task.cause_id = given.cause_id",
    cause_id="text",
    facts="bigint",
)


async def be_patient(transaction: Transaction) -> None:
    """Folding may take longer than the database lets a service's transaction rest."""
    if transaction.locks:
        await transaction.select(_PATIENT)


async def waiting(transaction: Transaction, command_ids: list[str]) -> dict[str, tuple[str, int]]:
    """Lane and place of those that wait."""
    rows = await transaction.read(_WAITING, [(one,) for one in command_ids])
    return {command_id: (key, place) for command_id, key, place in rows}


async def parked_at(transaction: Transaction, record: Fetched | tuple[Series, int]) -> Parked | None:
    """The record set aside that stood there."""
    if isinstance(record, Fetched):
        record = Series(record.topic, record.partition), record.offset
    (topic, partition), offset = record
    for (key,) in await transaction.select(_PARKED_KEY, topic, partition, offset):
        for one in await parked.of_key(transaction, key):
            if (one.record.topic, one.record.partition, one.record.offset) == (topic, partition, offset):
                return one
    return None


async def number(transaction: Transaction, cursor: Cursor) -> None:
    """The outbox goes on behind what is visible."""
    rows = [(*place, last) for place, last in sorted(cursor.sequences.items())]
    await transaction.write(_SEQUENCE, rows)
    await transaction.run(_HEAD, cursor.position, cursor.link)


async def skip_indices(transaction: Transaction, facts: Mapping[str, int]) -> None:
    """Open tasks go on behind the facts of theirs that are visible already."""
    await transaction.write(_NEXT_INDEX, sorted(facts.items()))
