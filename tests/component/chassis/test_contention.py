"""A transaction that keeps conflicting is run with ever stronger means, and goes through."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from orestream.chassis.errors import Contended
from orestream.chassis.intake.contention import FREE_ATTEMPTS, LOCKED_ATTEMPTS, PATIENCE
from orestream.chassis.intake.intake import Intake
from orestream.chassis.intake.taken import Halt, Moved
from orestream.chassis.store import Store
from orestream.chassis.store.postgres import PostgresDatabase
from orestream.chassis.store.statement import Statement
from orestream.chassis.store.transaction import Conflict, Transaction
from tests.support.branch import Branch, branch_at
from tests.support.interleaving import BEFORE_VALIDATING, Interleaved, Stepwise
from tests.support.toy_domain import COMMANDS, RATES, Tape, deposit, opening, rate, transfer

READING = "JOIN aggregate a"
"""Aggregates are read."""
BLOCKED = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


class Rival:
    """Another replica that commits just when the one under test is about to validate."""

    def __init__(self, branch: Branch, way: Interleaved, intake: Intake) -> None:
        self.branch = branch
        self.way = way
        self.intake = intake
        self.tape = Tape(partition=1)
        self.count = 0

    async def deposit(self) -> None:
        """Change account A."""
        self.count += 1
        record = self.tape.command(deposit(f"rival-{self.count}", "A", "1"))
        assert isinstance(await self.branch.another().take([record], self.branch.places), Moved)

    def commits(self, *turns: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """One turn at each of the next attempts."""
        first, *rest = turns

        async def stop(_: Stepwise) -> None:
            await first()
            if rest:
                self.commits(*rest)

        self.way.stops[BEFORE_VALIDATING] = stop


@pytest.fixture
async def rival(postgres_url: str) -> AsyncIterator[Rival]:
    async with AsyncExitStack() as stack:
        branch = await stack.enter_async_context(branch_at(postgres_url))
        await branch.register(COMMANDS, 1)
        way = Interleaved(await PostgresDatabase.open(postgres_url, 2))
        store = Store(way)
        stack.push_async_callback(store.close)
        yield Rival(branch, way, branch.another(store=store))


def conflicts(branch: Branch) -> int:
    return max(committed.conflicts for committed in branch.committed)


async def test_after_two_conflicts_it_locks_before_it_reads_and_the_rival_has_to_wait(rival: Rival) -> None:
    branch = rival.branch
    await branch.take(branch.commands.command(opening("c-1", "A")))
    late: list[asyncio.Task[None]] = []

    async def come_too_late(_: Stepwise) -> None:
        late.append(asyncio.create_task(rival.deposit()))
        while not (late[0].done() or (await branch.rows(BLOCKED))[0][0]):  # noqa: ASYNC110 - only the database knows
            await asyncio.sleep(0.01)

    async def watch_the_next_read() -> None:
        rival.way.stops[READING] = come_too_late

    rival.commits(rival.deposit, rival.deposit, watch_the_next_read)
    taken = await rival.intake.take([branch.commands.command(deposit("c-2", "A"))], branch.places)
    assert not late[0].done()
    await asyncio.gather(*late)

    assert taken == Moved({(COMMANDS, 0): 2})
    assert branch.committed[-2].conflicts == FREE_ATTEMPTS, "the third attempt went through"
    assert await branch.balance("A") == "13"


async def test_where_more_rows_prove_necessary_it_locks_the_larger_set(rival: Rival) -> None:
    """The account is opened just before the first attempt that locks, which is the first to read the rate."""
    branch = rival.branch

    async def wait_for_the_account() -> None:
        rival.count += 1
        record = rival.tape.command(transfer(f"rival-{rival.count}", "Z", "A"))
        await branch.another().take([record], branch.places)

    async def open_the_account() -> None:
        record = rival.tape.command(opening("rival-opens", "A"))
        await branch.another().take([record], branch.places)

    rival.commits(wait_for_the_account, open_the_account)
    await rival.intake.take([branch.commands.command(deposit("c-1", "A", "1", "EUR"))], branch.places)

    assert branch.committed[-1].conflicts == FREE_ATTEMPTS + 1
    (answer,) = await branch.answers("c-1")
    assert answer["waits_for"] == ["rate EUR"]


class Contentious:
    """A database that finds a conflict in so many transactions, at their commit or their start."""

    def __init__(self, database: Any, conflicts: int, *, at_once: bool = False) -> None:
        self.database = database
        self.conflicts = conflicts
        self.at_once = at_once
        self.reading = database.reading
        self.close = database.close

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self.database.transaction() as transaction:
            if self.at_once:
                self._collide()
            yield transaction
            self._collide()

    def _collide(self) -> None:
        if self.conflicts:
            self.conflicts -= 1
            raise Conflict("again")


def contended(branch: Branch, times: int, *, at_once: bool = False) -> Intake:
    return branch.another(store=Store(Contentious(branch.store._database, times, at_once=at_once)))


async def test_after_four_conflicts_a_batch_is_halved_and_comes_out_the_same(branch: Branch) -> None:
    intake = contended(branch, FREE_ATTEMPTS + LOCKED_ATTEMPTS)
    records = [
        branch.commands.command(opening("c-1", "A")),
        branch.rates.fact(rate("EUR", "2")),
        branch.commands.command(deposit("c-2", "A", "10", "EUR")),
        branch.commands.command(opening("c-3", "B")),
        branch.commands.command(transfer("c-4", "A", "B", "5")),
    ]

    moved = await intake.take(records, branch.places)

    assert moved == Moved({(COMMANDS, 0): 4, (RATES, 0): 1})
    assert len(branch.committed) == 2
    assert list(await branch.finals()) == ["c-1", "c-2", "c-3", "c-4"]
    assert await branch.balance("A") == "15"
    assert (await branch.next_offset(), await branch.next_offset(RATES)) == (4, 1)


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_hole_in_the_first_half_keeps_its_partition_out_of_the_second(
    branch: Branch, *, at_once: bool
) -> None:
    intake = contended(branch, FREE_ATTEMPTS + LOCKED_ATTEMPTS, at_once=at_once)
    first = branch.rates.fact(rate("EUR"))
    branch.rates.next_sequence += 1
    after_hole = [branch.rates.fact(rate("USD")), branch.rates.fact(rate("GBP"))]
    accounts = [branch.commands.command(opening(f"c-{i}", f"A{i}")) for i in range(3)]

    moved = await intake.take(
        [first, after_hole[0], accounts[0], after_hole[1], *accounts[1:]], branch.places
    )

    assert isinstance(moved, Moved)
    assert moved.next_offsets == {(COMMANDS, 0): 3, (RATES, 0): 1}
    assert [(halt.topic, halt.offset) for halt in moved.halted] == [(RATES, 1)]
    assert isinstance(moved.halted[0], Halt)
    assert set(await branch.finals()) == {"c-0", "c-1", "c-2"}


async def test_one_record_that_cannot_be_halved_goes_on_with_locks(branch: Branch) -> None:
    intake = contended(branch, PATIENCE - 1)

    await intake.take([branch.commands.command(opening("c-1", "A"))], branch.places)

    assert await branch.finals() == {"c-1": "accepted"}


async def test_patience_ends_and_nothing_is_lost(branch: Branch) -> None:
    intake = contended(branch, PATIENCE)
    record = branch.commands.command(opening("c-1", "A"))

    with pytest.raises(Contended):
        await intake.take([record], branch.places)
    assert await branch.next_offset() == 0

    await intake.take([record], branch.places)
    assert await branch.finals() == {"c-1": "accepted"}


async def test_lanes_that_keep_conflicting_are_drained_in_halves(branch: Branch) -> None:
    names = [f"A{i}" for i in range(5)]
    await branch.take(*[branch.commands.command(opening(f"o-{name}", name)) for name in names])
    await branch.take(*[branch.commands.command(deposit(f"d-{name}", name, "1", "EUR")) for name in names])
    await branch.take(branch.rates.fact(rate("EUR")))

    assert await contended(branch, FREE_ATTEMPTS + LOCKED_ATTEMPTS).drain()

    finals = await branch.finals()
    assert {finals[f"d-{name}"] for name in names} == {"accepted"}


async def test_rows_are_locked_in_one_order_whatever_is_done_to_them(rival: Rival) -> None:
    """Two that write what the other reads, in opposite order, do not wait for each other: one waits once."""
    branch = rival.branch
    await branch.take(*[branch.commands.command(opening(f"o-{name}", name)) for name in "AB"])
    await branch.take(*[branch.commands.command(deposit(f"d-{name}", name, "100")) for name in "AB"])
    locked: list[tuple[str, bool]] = []
    inner = rival.way.transaction

    class Watching(Stepwise):
        async def read(self, statement: Statement, given: Any) -> Any:
            if "FOR SHARE" in statement.postgres:
                locked.extend((id_, written) for kind, id_, _, written in given if kind == "account")
            return await super().read(statement, given)

    @asynccontextmanager
    async def watched() -> AsyncIterator[Transaction]:
        async with inner() as transaction:
            yield Watching(rival.way, transaction)

    rival.way.transaction = watched  # type: ignore[method-assign]
    await rival.intake.take(
        [
            branch.commands.command(deposit("c-1", "B", "1")),
            branch.commands.command(transfer("c-2", "A", "A", "1000")),
        ],
        branch.places,
    )

    assert locked == [("A", False), ("B", True)]
