"""Command ids and their answers: each id counts once, for ever."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from orestream.chassis.store.statement import bulk
from orestream.chassis.store.transaction import Conflict, Transaction


class Remembered(NamedTuple):
    """A command id that has been decided or queued."""

    command_id: str
    digest: str
    status: str
    answer: str
    """The outcome as JSON, to be published again."""


_ROW = {"command_id": "text", "digest": "text", "status": "text", "answer": "text"}
_READ = bulk(
    "SELECT o.command_id, o.digest, o.status, o.answer FROM {given}"
    " JOIN outcome o ON o.command_id = given.command_id",
    command_id="text",
)
_INSERT = bulk(
    "INSERT INTO outcome (command_id, digest, status, answer)"
    " SELECT command_id, digest, status, answer FROM {given} WHERE true ORDER BY command_id"
    " ON CONFLICT DO NOTHING",
    **_ROW,
)
_FINISH = bulk(
    "UPDATE outcome SET status = given.status, answer = given.answer FROM {given}"
    " WHERE outcome.command_id = given.command_id AND outcome.digest = given.digest"
    " AND outcome.status = 'waiting'",
    **_ROW,
)


async def read(transaction: Transaction, command_ids: Collection[str]) -> dict[str, Remembered]:
    """Those that are known. Read after the lanes, whose versions guard what waits."""
    rows = await transaction.read(_READ, [(command_id,) for command_id in command_ids])
    return {row[0]: Remembered(*row) for row in rows}


async def insert(transaction: Transaction, new: Sequence[Remembered]) -> None:
    """Remember ids for the first time. Raises Conflict where another was faster."""
    if await transaction.write(_INSERT, _rows(new)) != len(new):
        raise Conflict("a command id has been used meanwhile")


async def finish(transaction: Transaction, final: Sequence[Remembered]) -> None:
    """Write the final answers of commands that waited. Raises Conflict where one has its answer."""
    if await transaction.write(_FINISH, _rows(final)) != len(final):
        raise Conflict("a waiting command has been answered meanwhile")


def _rows(answers: Sequence[Remembered]) -> list[tuple[str, str, str, str]]:
    ordered = sorted(answers, key=lambda answer: answer.command_id)
    return [(a.command_id, a.digest, a.status, a.answer) for a in ordered]
