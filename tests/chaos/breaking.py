"""Takes protections out of the process it runs in, one function for each mutant.

Where a second guard would stop the harm before anybody sees it, that one is taken out too.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from aiokafka.producer.sender import Sender

from orestream.chassis.kafka import endtxn, tail
from orestream.chassis.kafka.assignment import Assignment, Polled
from orestream.chassis.kafka.positions import Positions
from orestream.chassis.kafka.producer import RelayProducer
from orestream.chassis.records import Place, Series
from orestream.chassis.relay import publisher
from orestream.chassis.relay.lease import Lease
from orestream.chassis.relay.relay import Relay
from orestream.chassis.store import aggregates, answers, lanes, offsets, postgres
from orestream.chassis.store.answers import Remembered
from orestream.chassis.store.transaction import Transaction


def _put(owner: Any, name: str, new: Any) -> None:
    """Replace an attribute that is there: a mutant of something that is gone would break nothing."""
    if not hasattr(owner, name):
        raise AttributeError(f"{owner!r} has no {name}: the mutant no longer fits the code")
    setattr(owner, name, new)


def offsets_not_compared() -> None:
    """The offset is written whatever it was before."""
    true_move = offsets.move

    async def move(transaction: Transaction, moves: Sequence[tuple[Place, int, int]]) -> bool:
        stored = [(await offsets.next_offset(transaction, place), place, to) for place, _, to in moves]
        return await true_move(transaction, [(place, at or 0, to) for at, place, to in stored])

    _put(offsets, "move", move)


def generation_not_compared() -> None:
    """What was fetched counts, and fetching goes on, whatever has become of its partition since."""
    true_admit = Assignment.admit

    def hold(self: Positions, series: Iterable[Series]) -> dict[Series, int]:
        held = self.assignment._held
        for one in series:
            if one not in held:
                self.assignment.change([one])
        return {one: held[one].since for one in series}

    def admit(self: Assignment, polled: Iterable[Polled], _generation: int) -> Any:
        for held in self._held.values():
            held.expected = held.expected or 0
        return true_admit(self, polled, self.generation)

    _put(Positions, "hold", hold)
    _put(Assignment, "admit", admit)


def versions_not_checked() -> None:
    """Rows are locked, and then written over whatever they have become."""
    true_commit = aggregates.commit

    async def last_wins(
        transaction: Transaction,
        changes: Sequence[aggregates.Change],
        raised: Mapping[Any, int | None],
        _read: Mapping[Any, int | None],
    ) -> None:
        written = {change.ref for change in changes} | set(raised)
        await aggregates.lock(transaction, written)
        now = await aggregates.read(transaction, written)
        seen = {ref: row.version for ref, row in now.items()}
        fresh = [change._replace(expected=seen.get(change.ref)) for change in changes]
        await true_commit(transaction, fresh, {ref: seen.get(ref) for ref in raised}, {})

    _put(aggregates, "commit", last_wins)


def conflict_kept() -> None:
    """What a transaction wrote before it failed is committed."""

    async def keep(connection: Any, transaction: Any) -> None:
        try:
            await transaction.commit()
        except postgres._PASSING:
            connection.terminate()

    _put(postgres, "_roll_back", keep)


def ids_forgotten() -> None:
    """A command id that has its answer is as good as new."""
    true_read = answers.read

    async def read(transaction: Transaction, command_ids: Collection[str]) -> dict[str, Remembered]:
        known = await true_read(transaction, command_ids)
        return {id_: one for id_, one in known.items() if one.status == "waiting"}

    async def insert(transaction: Transaction, new: Sequence[Remembered]) -> None:
        await transaction.write(answers._INSERT, answers._rows(new))

    _put(answers, "read", read)
    _put(answers, "insert", insert)


def waiters_not_woken() -> None:
    """Nobody tells the lanes of those who wait that what they wait for is there."""

    async def wake(_transaction: Transaction, _keys: Collection[str]) -> None:
        """Nothing."""

    _put(lanes, "wake", wake)


def cursor_to_stable_offset() -> None:
    """The cursor is looked for up to the last stable offset only, and not compared with what is visible."""
    true_last = tail.TailReader.last

    async def last(self: tail.TailReader, *arguments: Any, **named: Any) -> Any:
        return await true_last(replace(self, uncommitted=self.committed), *arguments, **named)

    _put(tail.TailReader, "last", last)
    _put(publisher, "check_visible", _believed)


def prune_before_commit() -> None:
    """Rows go as soon as they are handed to Kafka."""
    true_publish = Relay._publish

    async def publish(self: Relay, rows: Any, cursor: Any) -> Any:
        await self._outbox.prune_outbox(rows[-1].position, timedelta(0))
        return await true_publish(self, rows, cursor)

    _put(Relay, "_publish", publish)


def end_repeated() -> None:
    """EndTxn is sent again, under the same epoch, and the cursor not compared with what is visible."""
    _put(endtxn.OnceSender, "_do_txn_commit", Sender._do_txn_commit)
    _put(publisher, "check_visible", _believed)


def futures_not_awaited() -> None:
    """A transaction is committed without asking what became of the records sent in it."""

    async def nothing(*futures: asyncio.Future[Any]) -> None:
        for future in futures:
            future.add_done_callback(lambda done: done.cancelled() or done.exception())

    class Asyncio:
        """The module as the publisher uses it, but for waiting."""

        timeout = staticmethod(asyncio.timeout)
        gather = staticmethod(nothing)

    _put(publisher, "asyncio", Asyncio)


def relays_not_fenced() -> None:
    """Every replica relays, under a transactional id of its own."""
    true_init = RelayProducer.__init__

    async def take(_self: Lease) -> bool:
        return True

    async def keep(_self: Lease) -> None:
        await asyncio.Event().wait()

    def init(self: RelayProducer, settings: Any, transactional_id: str, **overrides: Any) -> None:
        true_init(self, settings, f"{transactional_id}.{os.getpid()}", **overrides)

    _put(Lease, "take", take)
    _put(Lease, "keep", keep)
    _put(RelayProducer, "__init__", init)


def _believed(*_compared: object) -> bool:
    """Whatever stands on the topics agrees with the cursor."""
    return True
