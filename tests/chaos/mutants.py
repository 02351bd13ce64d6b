"""Broken builds of the chassis: one protection taken out of a process before it serves.

Each mutant names the faults that give it the chance to do harm. A chaos run of it must fail: one that passes
shows a protection that the run does not test, or that the chassis does not need.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from aiokafka.producer.sender import Sender

from orestream.chassis.kafka import endtxn, tail
from orestream.chassis.kafka.assignment import Assignment, Polled
from orestream.chassis.kafka.positions import Positions
from orestream.chassis.records import Place, Series
from orestream.chassis.relay import publisher
from orestream.chassis.relay.relay import Relay
from orestream.chassis.store import aggregates, offsets
from orestream.chassis.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Mutant:
    """One protection less."""

    name: str
    says: str
    """What is missing."""
    faults: tuple[str, ...]
    """Names of the faults under which it does harm."""
    break_it: Callable[[], None]


def apply(name: str) -> None:
    """Break this process in the named way. Raises KeyError for a name that is none."""
    MUTANTS[name].break_it()


def _put(owner: Any, name: str, new: Any) -> None:
    """Replace an attribute that is there: a mutant of something that is gone would break nothing."""
    if not hasattr(owner, name):
        raise AttributeError(f"{owner!r} has no {name}: the mutant no longer fits the code")
    setattr(owner, name, new)


def _offsets_not_compared() -> None:
    """The offset is written whatever it was before."""
    true_move = offsets.move

    async def move(transaction: Transaction, moves: Sequence[tuple[Place, int, int]]) -> bool:
        stored = [(await offsets.next_offset(transaction, place), place, to) for place, _, to in moves]
        return await true_move(transaction, [(place, at or 0, to) for at, place, to in stored])

    _put(offsets, "move", move)


def _generation_not_compared() -> None:
    """What was fetched counts, whatever has become of its partition since."""
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


def _cursor_to_stable_offset() -> None:
    """The cursor is looked for up to the last stable offset only."""
    true_last = tail.TailReader.last

    async def last(self: tail.TailReader, *arguments: Any, **named: Any) -> Any:
        return await true_last(replace(self, uncommitted=self.committed), *arguments, **named)

    _put(tail.TailReader, "last", last)


def _prune_before_commit() -> None:
    """Rows go as soon as they are handed to Kafka."""
    true_publish = Relay._publish

    async def publish(self: Relay, rows: Any, cursor: Any) -> Any:
        await self._outbox.prune_outbox(rows[-1].position, timedelta(0))
        return await true_publish(self, rows, cursor)

    _put(Relay, "_publish", publish)


def _end_repeated() -> None:
    """EndTxn is sent again, under the same epoch, when its answer does not come in time."""
    _put(endtxn.OnceSender, "_do_txn_commit", Sender._do_txn_commit)


def _versions_not_checked() -> None:
    """What was read may have changed by the commit; the last writer wins."""
    true_commit = aggregates.commit

    async def last_wins(
        transaction: Transaction,
        changes: Sequence[aggregates.Change],
        raised: Mapping[Any, int | None],
        read_: Mapping[Any, int | None],
    ) -> None:
        now = await aggregates.read(transaction, {change.ref for change in changes} | set(raised))
        seen = {ref: row.version for ref, row in now.items()}
        fresh = [replace(change, expected=seen.get(change.ref)) for change in changes]
        await true_commit(transaction, fresh, {ref: seen.get(ref) for ref in raised}, {})

    _put(aggregates, "commit", last_wins)


def _futures_not_awaited() -> None:
    """A transaction is committed without asking what became of the records sent in it."""

    async def nothing(*futures: asyncio.Future[Any]) -> None:
        for future in futures:
            future.add_done_callback(lambda done: done.cancelled() or done.exception())

    class Asyncio:
        """The module as the publisher uses it, but for waiting."""

        timeout = staticmethod(asyncio.timeout)
        gather = staticmethod(nothing)

    _put(publisher, "asyncio", Asyncio)


MUTANTS: Mapping[str, Mutant] = {
    mutant.name: mutant
    for mutant in (
        Mutant(
            "offsets-not-compared",
            "the stored offset is moved without comparing it with what was expected",
            ("stop-at-fetched",),
            _offsets_not_compared,
        ),
        Mutant(
            "generation-not-compared",
            "batches fetched before an assignment or a seek are taken after it",
            ("database-connections",),
            _generation_not_compared,
        ),
        Mutant(
            "cursor-to-stable-offset",
            "the relay looks for its cursor up to the last stable offset",
            ("open-transaction",),
            _cursor_to_stable_offset,
        ),
        Mutant(
            "prune-before-commit",
            "outbox rows are deleted before their Kafka transaction is known to be committed",
            ("kill-at-before-end",),
            _prune_before_commit,
        ),
        Mutant(
            "end-repeated",
            "the client repeats EndTxn when its answer is late",
            ("late-end",),
            _end_repeated,
        ),
        Mutant(
            "versions-not-checked",
            "what a decision has read may have changed by its commit",
            ("sleep-at-before-commit",),
            _versions_not_checked,
        ),
        Mutant(
            "futures-not-awaited",
            "the relay does not await what became of each batch it sent",
            ("small-records",),
            _futures_not_awaited,
        ),
    )
}
