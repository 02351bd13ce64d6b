"""One database of the toy bank, with any number of intakes on it, and what they have brought about."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from orestream.chassis.intake.intake import Intake
from orestream.chassis.intake.setup import IntakeLimits
from orestream.chassis.intake.taken import Committed, Moved, Taken
from orestream.chassis.records import Fetched, Place, Series
from orestream.chassis.store import OutboxRow, Store, migrate
from orestream.chassis.store.statement import plain
from orestream.contracts.topics import OUTCOMES
from tests.support.toy_domain import (
    COMMANDS,
    MONEY,
    PARKED,
    PARTITIONS,
    RATES,
    SITE,
    Bank,
    Tape,
    decode,
    topic_of,
)

EVERYTHING = 100_000


@dataclass
class Branch:
    """A bank's database and what stands in it."""

    store: Store
    bank: Bank = field(default_factory=Bank)
    commands: Tape = field(default_factory=Tape)
    rates: Tape = field(default_factory=lambda: Tape(RATES))
    limits: IntakeLimits = field(default_factory=IntakeLimits)
    committed: list[Committed] = field(default_factory=list)
    places: dict[Series, Place] = field(default_factory=dict)
    max_record_bytes: int = 1_000_000

    def __post_init__(self) -> None:
        self.intake = self.another()

    def another(self, bank: Bank | None = None, store: Store | None = None) -> Intake:
        """One more intake on the same database, as another replica has it."""
        return Intake(
            store or self.store,
            bank or self.bank,
            decode,
            SITE,
            partitions=PARTITIONS,
            observe=self.committed.append,
            limits=self.limits,
            topic_of=topic_of,
            max_record_bytes=self.max_record_bytes,
        )

    async def register(self, topic: str, partition: int, at: int = 0) -> None:
        place = Place("cluster", f"id-of-{topic}", topic, partition)
        self.places[Series(topic, partition)] = place
        await self.store.register_place(place, at)

    async def take(self, *records: Fetched) -> Moved:
        taken = await self.intake.take(records, self.places)
        assert isinstance(taken, Moved)
        return taken

    async def try_to_take(self, *records: Fetched) -> Taken:
        return await self.intake.take(records, self.places)

    async def settle(self) -> None:
        """Drain until nothing is left to do."""
        while await self.intake.drain():
            pass

    async def outbox(self) -> list[OutboxRow]:
        return await self.store.outbox_after(0, EVERYTHING, 1 << 30)

    async def answers(self, command_id: str | None = None) -> list[dict[str, Any]]:
        """Every outcome published, or those of one command."""
        read = [json.loads(row.value or b"") for row in await self.outbox() if row.topic == OUTCOMES]
        return [answer for answer in read if command_id in (None, answer["command_id"])]

    async def statuses(self, command_id: str) -> list[str]:
        return [answer["status"] for answer in await self.answers(command_id)]

    async def finals(self) -> dict[str, str]:
        """Command → its one final status, in the order they were given."""
        finals: dict[str, str] = {}
        for answer in await self.answers():
            if answer["status"] == "waiting" or answer.get("repeat") or answer.get("conflict"):
                continue
            assert answer["command_id"] not in finals, f"{answer['command_id']} is answered twice"
            finals[answer["command_id"]] = answer["status"]
        return finals

    async def money(self) -> list[tuple[str, str]]:
        """What was paid to whom, in order."""
        rows = [json.loads(row.value or b"") for row in await self.outbox() if row.topic == MONEY]
        return [(row["account_id"], row["amount"]) for row in rows if "amount" in row]

    async def notices(self) -> list[OutboxRow]:
        return [row for row in await self.outbox() if row.topic == PARKED]

    async def states(self) -> dict[tuple[str, str], Any]:
        rows = await self.rows("SELECT kind, id, state FROM aggregate WHERE state IS NOT NULL")
        return {(kind, id_): json.loads(text) for kind, id_, text in rows if kind != "parking"}

    async def balance(self, account: str) -> str:
        return str((await self.states())["account", account]["Account"]["balance"])

    async def version(self, kind: str, id_: str) -> int | None:
        rows = await self.rows("SELECT version FROM aggregate WHERE kind = $1 AND id = $2", kind, id_)
        return rows[0][0] if rows else None

    async def lane(self, key: str) -> tuple[int, bool]:
        """Version, and whether it is ready."""
        ((version, ready),) = await self.rows("SELECT version, ready FROM lane WHERE key = $1", key)
        return version, bool(ready)

    async def rows(self, sql: str, *arguments: Any) -> Sequence[Sequence[Any]]:
        async with self.store.reading() as transaction:
            return await transaction.select(plain(sql), *arguments)

    async def run(self, sql: str, *arguments: Any) -> int:
        async with self.store.transaction() as transaction:
            return await transaction.run(plain(sql), *arguments)

    async def next_offset(self, topic: str = COMMANDS, partition: int = 0) -> int | None:
        return await self.store.next_offset(self.places[Series(topic, partition)])


@asynccontextmanager
async def branch_at(url: str, **settings: Any) -> AsyncIterator[Branch]:
    """A branch with an empty database, its command and rate topics registered."""
    await migrate(url)
    store = await Store.open(url, pool_size=8)
    try:
        branch = Branch(store, **settings)
        await branch.register(COMMANDS, 0)
        await branch.register(RATES, 0)
        yield branch
    finally:
        await store.close()
