"""A database that is behind gets what is visible back: identical, nothing decided twice, nothing lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from orestream.chassis.errors import DatabaseUnavailable, HistoryDiverged, Irreconcilable, StillRunning
from orestream.chassis.records import Fetched, Series
from orestream.chassis.relay.history import check_head
from orestream.chassis.store import OutboxRow, migrate
from orestream.contracts.decision import CHUNK
from tests.support.backups import MemoryLedger, copy, picture, recovered, restored, take_rest
from tests.support.branch import Branch
from tests.support.databases import fresh_database, sqlite_url
from tests.support.toy_domain import (
    COMMANDS,
    RATES,
    deposit,
    dividend,
    favour,
    header,
    opening,
    rate,
    transfer,
)


@pytest.fixture
def spare_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[str]:
    """Another database of the same kind, not made yet."""
    if database_url.startswith("sqlite"):
        yield sqlite_url(tmp_path)
    else:
        with fresh_database(request.getfixturevalue("postgres")) as url:
            yield url


@dataclass
class Story:
    """A branch's life, with everything it has taken in."""

    branch: Branch
    fed: list[Fetched] = field(default_factory=list)

    async def feed(self, *records: Fetched) -> None:
        self.fed += records
        for record in records:
            await self.branch.take(record)

    async def feed_together(self, *records: Fetched) -> None:
        self.fed += records
        await self.branch.take(*records)

    async def early(self) -> None:
        """What the backup has: among it a command that waits, a parked key, a task half done."""
        commands, rates, bank = self.branch.commands, self.branch.rates, self.branch.bank
        bank.faulty |= {"BAD", "WORSE"}
        await self.feed(
            commands.command(opening("c-1", "A")),
            commands.command(opening("c-2", "B")),
            rates.fact(rate("EUR", bonus_to="A")),
            commands.command(deposit("c-3", "A", "100")),
            commands.command(deposit("w-1", "B", "5", "USD")),
            commands.command(deposit("w-2", "B", "6")),
            rates.fact(rate("BAD", bad=True)),
            rates.fact(rate("WORSE", bad=True)),
            commands.command(dividend("d-1", "D", 4 * CHUNK)),
        )
        assert await self.branch.intake.drain()

    async def late(self) -> None:
        """What came after it: each of these answered, set aside, released or begun before the end."""
        commands, rates, bank = self.branch.commands, self.branch.rates, self.branch.bank
        await self.branch.settle()
        await self.feed(
            rates.fact(rate("JPY", "3")),
            rates.fact(rate("USD", "2", bonus_to="A")),
            commands.command(deposit("c-3", "A", "100")),
            commands.command(deposit("c-3", "A", "7")),
            commands.command(favour("x-1", "X", "Y"), value=b"{"),
        )
        await self.branch.settle()
        await self.feed(
            commands.command(transfer("c-4", "A", "B", "30")),
            commands.command(deposit("w-3", "A", "1", "GBP")),
            commands.command(transfer("w-4", "A", "C", "1")),
            rates.fact(rate("BAD", "9")),
            rates.fact(rate("EUR", "4", bonus_to="B")),
        )
        bank.faulty -= {"BAD"}
        assert await self.branch.store.parked_retry("BAD")
        assert await self.branch.store.parked_discard("WORSE", "a test")
        await self.branch.settle()
        bank.faulty |= {"NEW"}
        await self.feed(
            rates.fact(rate("NEW", bad=True)),
            rates.fact(rate("NEW", "2")),
            commands.command(deposit("c-5", "B", "1", "NEW")),
            commands.command(favour("c-6", "F", "G")),
            rates.fact(rate("SEK", "8")),
            commands.command(dividend("d-2", "E", 2 * CHUNK)),
        )
        bank.faulty |= {f"X{n}" for n in range(6)}
        await self.feed_together(
            *(commands.command(deposit(f"q-{n}", "B", "1", "GBP")) for n in range(12)),
            *(rates.fact(rate(f"X{n}", bad=True)) for n in range(6)),
            *(rates.fact(rate(f"Y{n}", bonus_to=f"X{5 - n}")) for n in range(6)),
            *(rates.fact(rate(f"Y{n}")) for n in range(6)),
        )
        assert await self.branch.intake.drain()

    async def rows(self) -> list[OutboxRow]:
        return await self.branch.outbox()


@pytest.fixture
async def story(branch: Branch) -> Story:
    return Story(branch)


def ids(rows: list[OutboxRow]) -> list[str]:
    return [header(row, "ce_id") for row in rows]


async def test_a_restored_backup_becomes_what_the_lost_database_was(story: Story, spare_url: str) -> None:
    await story.early()
    await copy(story.branch.store, spare_url)
    await story.late()
    visible = await story.rows()
    async with restored(story.branch, spare_url) as backup:
        with pytest.raises(HistoryDiverged, match="recover"):
            check_head(await MemoryLedger(visible, story.fed).cursor(), await backup.store.outbox_head())
        done = await recovered(backup, MemoryLedger(visible, story.fed))
        assert not done.level
        assert (await backup.store.outbox_head()) == (await story.branch.store.outbox_head())

        await take_rest(backup, story.fed)
        await story.branch.settle()
        await backup.settle()
        assert await picture(backup) == await picture(story.branch)
        new = await backup.store.outbox_after(visible[-1].position, 100_000, 1 << 30)
        assert len(set(ids(visible + new))) == len(visible) + len(new)
        await both_go_on(story, backup)


async def test_an_empty_database_becomes_what_the_lost_one_was(story: Story, spare_url: str) -> None:
    await story.early()
    await story.late()
    visible = await story.rows()
    await migrate(spare_url)
    async with restored(story.branch, spare_url) as empty:
        done = await recovered(empty, MemoryLedger(visible, story.fed))
        assert (done.before, done.after) == (0, visible[-1].position)
        await take_rest(empty, story.fed)
        await story.branch.settle()
        await empty.settle()
        assert await picture(empty) == await picture(story.branch)
        await both_go_on(story, empty)


async def both_go_on(story: Story, other: Branch) -> None:
    """The same new messages give the same, also to those that wait and behind what is parked."""
    bank = story.branch.bank
    bank.faulty -= {"NEW", "X0", "X1", "X2", "X3", "X4", "X5"}
    more = [
        story.branch.rates.fact(rate("GBP", "3")),
        story.branch.commands.command(opening("c-9", "C")),
        story.branch.commands.command(deposit("c-3", "A", "100")),
    ]
    for one in (story.branch, other):
        for key in ("NEW", "X3", "X0", "X5", "X1", "X2", "X4"):
            assert await one.store.parked_retry(key)
        for record in more:
            await one.take(record)
            await one.settle()
    after = await picture(story.branch)
    assert await picture(other) == after
    assert after["parked"] == after["waiting"] == []
    assert set((await story.branch.finals()).items()) >= {("w-3", "accepted"), ("w-4", "accepted")}


@pytest.mark.parametrize("kept", [0.0, 0.2, 0.5, 0.8, 0.95])
async def test_what_was_never_visible_is_decided_again(story: Story, spare_url: str, kept: float) -> None:
    """The relay had not published all of it: the rest is lost with the database, its inputs are not."""
    await story.early()
    await copy(story.branch.store, spare_url)
    behind = len(await story.rows())
    await story.late()
    rows = await story.rows()
    ends = [number for number, row in enumerate(rows, 1) if row.decision_end and number > behind]
    visible = rows[: ends[int(kept * (len(ends) - 1))]]
    async with restored(story.branch, spare_url) as backup:
        await recovered(backup, MemoryLedger(visible, story.fed))
        for key in ("BAD", "WORSE"):
            await backup.store.parked_discard(key, "a test")
        await backup.settle()
        await take_rest(backup, story.fed)
        await backup.settle()

        new = await backup.store.outbox_after(visible[-1].position, 100_000, 1 << 30)
        everything = visible + new
        assert len(set(ids(everything))) == len(everything)
        answered = {header(row, "ce_subject") for row in everything if row.topic.endswith("outcomes.v1")}
        asked = {header(one, "ce_id") for one in story.fed if one.topic == COMMANDS}
        assert asked <= answered
        assert (await backup.store.open_tasks()).tasks == 0
        heirs = [
            header(row, "ce_subject") for row in everything if header(row, "ce_subject")[:2] in ("D-", "E-")
        ]
        assert len(heirs) == len(set(heirs)) == 6 * CHUNK
        following(everything)


def following(rows: list[OutboxRow]) -> None:
    """Sequences without holes over the lost and the new history."""
    last: dict[tuple[str, int], int] = {}
    for row in rows:
        assert row.sequence == last.get((row.topic, row.partition), 0) + 1
        last[row.topic, row.partition] = row.sequence


async def test_a_database_that_is_level_is_left_alone(story: Story) -> None:
    await story.early()
    before = await picture(story.branch)
    done = await recovered(story.branch, MemoryLedger(await story.rows(), story.fed))
    assert done.level
    assert await picture(story.branch) == before


async def test_a_database_that_is_ahead_is_left_alone(story: Story) -> None:
    await story.early()
    rows = await story.rows()
    end = next(number for number, row in enumerate(rows, 1) if row.decision_end)
    assert (await recovered(story.branch, MemoryLedger(rows[:end], story.fed))).level


async def test_a_dry_run_changes_nothing_and_says_what_it_would(story: Story, spare_url: str) -> None:
    await story.early()
    await copy(story.branch.store, spare_url)
    await story.late()
    ledger = MemoryLedger(await story.rows(), story.fed)
    async with restored(story.branch, spare_url) as backup:
        before = await picture(backup)
        would = await recovered(backup, ledger, dry_run=True)
        assert await picture(backup) == before
        assert await recovered(backup, ledger) == would


async def test_running_it_again_does_nothing(story: Story, spare_url: str) -> None:
    await story.early()
    await copy(story.branch.store, spare_url)
    await story.late()
    ledger = MemoryLedger(await story.rows(), story.fed)
    async with restored(story.branch, spare_url) as backup:
        await recovered(backup, ledger)
        before = await picture(backup)
        assert (await recovered(backup, ledger)).level
        assert await picture(backup) == before


async def test_a_failure_in_the_middle_leaves_everything_as_it_was(story: Story, spare_url: str) -> None:
    await story.early()
    await copy(story.branch.store, spare_url)
    await story.late()
    ledger = MemoryLedger(await story.rows(), story.fed, on_read=[DatabaseUnavailable("gone")])
    async with restored(story.branch, spare_url) as backup:
        before = await picture(backup)
        with pytest.raises(DatabaseUnavailable):
            await recovered(backup, ledger)
        assert await picture(backup) == before
        assert not (await recovered(backup, ledger)).level


async def test_decisions_on_a_history_of_their_own_are_refused(story: Story, spare_url: str) -> None:
    """A lagging replica was promoted and went on deciding before it noticed."""
    await story.early()
    await copy(story.branch.store, spare_url)
    await story.late()
    visible = await story.rows()
    async with restored(story.branch, spare_url) as other:
        other.commands.next_offset = (await other.next_offset(COMMANDS)) or 0
        await other.take(other.commands.command(favour("elsewhere", "Z", "Y")))
        with pytest.raises(Irreconcilable, match=r"history of its own.*empty one"):
            await recovered(other, MemoryLedger(visible, story.fed))


async def test_it_refuses_while_a_replica_relays(story: Story) -> None:
    await story.branch.store.acquire_lease("relay", "mining-1", timedelta(minutes=1))
    with pytest.raises(StillRunning, match="stop all"):
        await recovered(story.branch, MemoryLedger([], []))


async def test_a_record_missing_among_the_visible_ones_is_told(story: Story, spare_url: str) -> None:
    await story.early()
    await copy(story.branch.store, spare_url)
    await story.late()
    rows = await story.rows()

    @dataclass
    class Holed(MemoryLedger):
        async def read(self, since: Mapping[Series, int]) -> AsyncIterator[Fetched]:
            lost = False
            async for record in MemoryLedger.read(self, since):
                if not lost and record.offset > 300 and record.topic not in (COMMANDS, RATES):
                    lost = True
                    continue
                yield record

    async with restored(story.branch, spare_url) as backup:
        with pytest.raises(HistoryDiverged, match="missing"):
            await recovered(backup, Holed(rows, story.fed))
