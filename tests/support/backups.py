"""Backups of a branch, and the topics as recovery reads them, kept in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from orestream.chassis.intake.setup import IntakeLimits, Setup
from orestream.chassis.intake.states import StateCodec
from orestream.chassis.intake.writer import Writer
from orestream.chassis.records import Fetched, Series
from orestream.chassis.recovery.recover import Recovered, Scope, recover
from orestream.chassis.relay.cursor import START, Cursor
from orestream.chassis.relay.history import follow
from orestream.chassis.store import OutboxRow, Store, migrate
from orestream.chassis.store.statement import plain
from orestream.chassis.store.tables import METADATA
from orestream.contracts.topics import OUTCOMES
from tests.support.branch import Branch
from tests.support.toy_domain import COMMANDS, PARKED, PARTITIONS, RATES, SERVICE, SITE, decode, topic_of

OUTPUTS = tuple(Series(topic, n) for topic, count in PARTITIONS.items() for n in range(count))


async def copy(store: Store, url: str) -> None:
    """Every row of a database into a new one, as a backup tool does it."""
    await migrate(url)
    into = await Store.open(url)
    try:
        async with store.reading() as source, into.transaction() as target:
            for table in METADATA.sorted_tables:
                columns = [column.name for column in table.columns]
                await target.run(plain(f"DELETE FROM {table.name}"))
                values = ", ".join(f"${number}" for number, _ in enumerate(columns, 1))
                insert = plain(f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({values})")
                for row in await source.select(plain(f"SELECT {', '.join(columns)} FROM {table.name}")):
                    await target.run(insert, *row)
    finally:
        await into.close()


@asynccontextmanager
async def restored(branch: Branch, url: str) -> AsyncIterator[Branch]:
    """A branch on the database at a URL, which reads the same topics."""
    store = await Store.open(url, pool_size=8)
    try:
        yield Branch(store, branch.bank, branch.commands, branch.rates, branch.limits, places=branch.places)
    finally:
        await store.close()


@dataclass
class MemoryLedger:
    """`Ledger` over what a branch has taken in, and of its outbox so many rows."""

    rows: Sequence[OutboxRow]
    inputs: Iterable[Fetched]
    on_read: list[Exception] = field(default_factory=list)
    """Raised by reads, one each, before anything is read."""

    async def cursor(self) -> Cursor:
        return follow(START, self.rows)

    async def begins(self, series: Collection[Series]) -> Mapping[Series, int]:
        return dict.fromkeys(series, 0)

    async def read(self, since: Mapping[Series, int]) -> AsyncIterator[Fetched]:
        if self.on_read:
            raise self.on_read.pop()
        ends: dict[Series, int] = {}
        for row in self.rows:
            series = Series(row.topic, row.partition)
            offset = ends[series] = ends.get(series, -1) + 1
            if series in since and offset >= since[series]:
                yield Fetched(
                    row.topic, row.partition, offset, row.key, row.headers, row.value, row.timestamp_ms
                )
        for record in self.inputs:
            if record.offset >= since.get(Series(record.topic, record.partition), 1 << 60):
                yield record


async def recovered(branch: Branch, ledger: MemoryLedger, **more: Any) -> Recovered:
    """Recover a branch's database from what is visible."""
    writer = Writer(SERVICE, SITE, PARTITIONS, topic_of=topic_of)
    setup = Setup(branch.bank, decode, COMMANDS, writer, StateCodec(branch.bank.states), IntakeLimits())
    scope = Scope(branch.places, OUTPUTS, COMMANDS, OUTCOMES, PARKED)
    return await recover(branch.store, setup, ledger, scope, holder="test", progress=lambda _: None, **more)


async def take_rest(branch: Branch, records: Sequence[Fetched]) -> None:
    """Everything that the branch has not read yet, then all that is ready."""
    for topic in (COMMANDS, RATES):
        expected = await branch.next_offset(topic)
        assert expected is not None
        rest = [record for record in records if record.topic == topic and record.offset >= expected]
        for record in rest:
            await branch.take(record)
            await branch.settle()


async def picture(branch: Branch) -> dict[str, Any]:
    """What must come out identical, whoever has written it."""
    states = "SELECT kind, id, format, state FROM aggregate WHERE state IS NOT NULL AND kind <> 'parking'"
    queries = {
        "states": f"{states} ORDER BY kind, id",
        "outcomes": "SELECT command_id, digest, status, answer FROM outcome ORDER BY command_id",
        "waiting": "SELECT key, command_id, at_offset, headers, value FROM waiting ORDER BY key, place",
        "waits_for": "SELECT DISTINCT kind, id, key FROM waits_for ORDER BY kind, id, key",
        "parked": "SELECT key, at_offset, reason, attempts, behind, value FROM parked ORDER BY key, place",
        "overtaken": (
            "SELECT p.key FROM parked p WHERE p.behind <> p.key AND NOT EXISTS"
            " (SELECT 1 FROM parked b WHERE b.key = p.behind AND b.place < p.place)"
        ),
        "tasks": "SELECT count(*) FROM task",
        "received": "SELECT source, topic, partition, sequence FROM received ORDER BY source, topic",
        "sequences": "SELECT topic, partition, last FROM sequence ORDER BY topic, partition",
        "offsets": "SELECT topic, partition, next_offset FROM intake ORDER BY topic",
    }
    return {name: [tuple(row) for row in await branch.rows(sql)] for name, sql in queries.items()}
