"""What decisions have left to be told in chunks, each kept until nothing of it is left."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Self

from orestream.chassis.store.statement import bulk, plain
from orestream.chassis.store.transaction import Conflict, Row, Transaction
from orestream.contracts.decision import Task


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task, the message it follows from, and how far it has come."""

    id: str
    """Made from its cause's, so that one decision leaves one task, however often it is made."""
    chunk: int
    """How many have been told."""
    next_index: int
    """Of the next fact among all that follow from the cause: it goes into the fact's id."""
    cause_id: str
    cause_source: str
    cause_time: datetime
    correlation_id: str
    traceparent: str | None
    task: Task

    def after(self, facts: int, rest: Task | None) -> Self | None:
        """The task after a chunk of so many facts; None where nothing is left."""
        if rest is None:
            return None
        return replace(self, chunk=self.chunk + 1, next_index=self.next_index + facts, task=rest)


class Backlog(NamedTuple):
    """What is still to be told."""

    tasks: int
    oldest_seconds: float
    """0 where there is none."""


_COLUMNS = (
    "id, chunk, next_index, cause_id, cause_source, cause_time, correlation_id, traceparent, kind, payload"
)
_TYPES = {
    "id": "text",
    "chunk": "bigint",
    "next_index": "bigint",
    "cause_id": "text",
    "cause_source": "text",
    "cause_time": "text",
    "correlation_id": "text",
    "traceparent": "text",
    "kind": "text",
    "payload": "text",
}
_INSERT = bulk(
    f"INSERT INTO task ({_COLUMNS}, begun_ms) SELECT {_COLUMNS}, {{now}} FROM {{given}} WHERE true"
    " ON CONFLICT DO NOTHING",
    **_TYPES,
)
_PROCEED = bulk(
    "UPDATE task SET chunk = given.chunk, next_index = given.next_index, payload = given.payload FROM {given}"
    " WHERE task.id = given.id AND task.chunk = given.chunk - 1",
    id="text",
    chunk="bigint",
    next_index="bigint",
    payload="text",
)
_END = bulk(
    "DELETE FROM task WHERE (id, chunk) IN (SELECT id, chunk FROM {given})", id="text", chunk="bigint"
)
_SOME = plain("SELECT id FROM task ORDER BY begun_ms, id LIMIT $1")
_TAKE = plain(f"SELECT {_COLUMNS} FROM task WHERE id = $1 {{unless_locked}}")
_BACKLOG = plain("SELECT count(*), {now} - min(begun_ms) FROM task")


async def insert(transaction: Transaction, new: Sequence[OpenTask]) -> None:
    """Keep what decisions leave. Raises Conflict where another transaction has made the same decision."""
    if await transaction.write(_INSERT, [_row(task) for task in new]) != len(new):
        raise Conflict("a task is there already")


async def proceed(transaction: Transaction, chunks: Sequence[tuple[OpenTask, OpenTask | None]]) -> None:
    """Write how far tasks have come, and forget those of which nothing is left.

    Raises:
        Conflict: another transaction has told the same chunk.
    """
    moved = [(t.id, t.chunk, t.next_index, _text(t.task)) for _, t in chunks if t is not None]
    ended = [(before.id, before.chunk) for before, after in chunks if after is None]
    done = await transaction.write(_PROCEED, moved) + await transaction.write(_END, ended)
    if done != len(chunks):
        raise Conflict("a task has gone on meanwhile")


async def some(transaction: Transaction, count: int) -> list[str]:
    """The ids of some tasks, the oldest first."""
    return [id_ for (id_,) in await transaction.select(_SOME, count)]


async def take(transaction: Transaction, task_id: str) -> OpenTask | None:
    """A task, locked; None where it is gone or another transaction is at it. Never waits."""
    rows = await transaction.select(_TAKE, task_id)
    return _task(rows[0]) if rows else None


async def backlog(transaction: Transaction) -> Backlog:
    """How much is still to be told."""
    ((count, age_ms),) = await transaction.select(_BACKLOG)
    return Backlog(int(count), max(0.0, int(age_ms or 0) / 1000))


def _text(task: Task) -> str:
    return json.dumps(task.payload, separators=(",", ":"))


def _row(t: OpenTask) -> Row:
    return (
        t.id,
        t.chunk,
        t.next_index,
        t.cause_id,
        t.cause_source,
        t.cause_time.isoformat(),
        t.correlation_id,
        t.traceparent,
        t.task.kind,
        _text(t.task),
    )


def _task(row: Row) -> OpenTask:
    *first, time, correlation_id, traceparent, kind, payload = row
    id_, chunk, next_index, cause_id, cause_source = first
    return OpenTask(
        id=id_,
        chunk=chunk,
        next_index=next_index,
        cause_id=cause_id,
        cause_source=cause_source,
        cause_time=datetime.fromisoformat(time),
        correlation_id=correlation_id,
        traceparent=traceparent,
        task=Task(kind, json.loads(payload)),
    )
