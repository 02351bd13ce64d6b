"""Replicas at work on one database at the same time: what comes out is what one after the other gives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import pytest

from orestream.chassis.errors import DatabaseUnavailable
from orestream.chassis.intake.intake import Intake
from orestream.chassis.intake.setup import IntakeLimits
from orestream.chassis.intake.taken import Moved, Superseded, Taken
from orestream.chassis.records import Fetched
from orestream.chassis.store import Store
from orestream.chassis.store.postgres import PostgresDatabase
from orestream.chassis.store.statement import plain
from tests.support.branch import Branch, branch_at
from tests.support.interleaving import BEFORE_COMMIT, BEFORE_VALIDATING, Interleaved, Stepwise, meeting
from tests.support.toy_domain import COMMANDS, RATES, Tape, deposit, favour, opening, rate, transfer


@dataclass
class Replicas:
    """Two intakes on one PostgreSQL database, each on connections of its own that can be held up."""

    branch: Branch
    ways: tuple[Interleaved, Interleaved]
    one: Intake
    two: Intake
    other: Tape

    @property
    def conflicts(self) -> int:
        return sum(committed.conflicts for committed in self.branch.committed)

    async def both(self, first: list[Fetched], second: list[Fetched]) -> tuple[Taken, Taken]:
        """Each takes a batch, at the same time."""
        return await asyncio.gather(
            self.one.take(first, self.branch.places), self.two.take(second, self.branch.places)
        )

    async def met(self, first: Fetched, second: Fetched) -> None:
        """Each takes a record, and neither validates before both have decided."""
        meeting(*self.ways)
        assert all(isinstance(taken, Moved) for taken in await self.both([first], [second]))
        assert not any(way.stops for way in self.ways)


async def replicas_at(url: str, stack: AsyncExitStack, limits: IntakeLimits | None = None) -> Replicas:
    branch = await stack.enter_async_context(branch_at(url, limits=limits or IntakeLimits()))
    await branch.register(COMMANDS, 1)
    first, second = [Interleaved(await PostgresDatabase.open(url, 4)) for _ in range(2)]
    stores = [Store(first), Store(second)]
    for store in stores:
        stack.push_async_callback(store.close)
    one, two = [branch.another(store=store) for store in stores]
    return Replicas(branch, (first, second), one, two, Tape(partition=1))


@pytest.fixture
async def replicas(postgres_url: str) -> AsyncIterator[Replicas]:
    async with AsyncExitStack() as stack:
        yield await replicas_at(postgres_url, stack)


@pytest.fixture
async def impatient(postgres_url: str) -> AsyncIterator[Replicas]:
    """Whatever waits has waited too long at once."""
    async with AsyncExitStack() as stack:
        yield await replicas_at(postgres_url, stack, IntakeLimits(waiting=timedelta(0)))


async def test_of_two_that_take_the_same_batch_one_has_it_and_the_other_knows(replicas: Replicas) -> None:
    branch = replicas.branch
    warm = branch.commands.command(opening("c-1", "A"))
    await replicas.one.take([warm], branch.places)
    await replicas.two.take([warm], branch.places)
    batch = [branch.commands.command(deposit("c-2", "A")), branch.commands.command(deposit("c-3", "A"))]
    meeting(*replicas.ways, at="UPDATE intake")

    taken = await replicas.both(batch, batch)

    assert sorted(type(one).__name__ for one in taken) == ["Moved", "Superseded"]
    assert Superseded(((COMMANDS, 0),)) in taken
    assert await branch.balance("A") == "20"
    assert len(await branch.answers()) == 3


async def test_two_decisions_that_read_what_the_other_writes_are_not_both_accepted(
    replicas: Replicas,
) -> None:
    """Each has seen that the other has no favour, and neither had a row to lock."""
    await replicas.met(
        replicas.branch.commands.command(favour("c-1", "A", "B")),
        replicas.other.command(favour("c-2", "B", "A")),
    )

    assert sorted((await replicas.branch.finals()).values()) == ["accepted", "refused"]
    assert replicas.conflicts >= 1


async def test_nor_where_the_rows_are_there(replicas: Replicas) -> None:
    branch = replicas.branch
    await branch.take(
        branch.commands.command(favour("c-1", "X", "A")), branch.commands.command(favour("c-2", "Y", "B"))
    )
    assert [await branch.version("favourite", id_) for id_ in "AB"] == [0, 0]

    await replicas.met(
        branch.commands.command(favour("c-3", "A", "B")), replicas.other.command(favour("c-4", "B", "A"))
    )

    finals = await branch.finals()
    assert sorted([finals["c-3"], finals["c-4"]]) == ["accepted", "refused"]


async def test_a_decision_beside_a_fact_that_changes_what_it_reads_is_made_anew(replicas: Replicas) -> None:
    branch = replicas.branch
    await branch.take(branch.commands.command(opening("c-1", "A")), branch.rates.fact(rate("EUR", "2")))
    held, go = asyncio.Event(), asyncio.Event()

    async def hold(_: Stepwise) -> None:
        held.set()
        await go.wait()

    replicas.ways[0].stops[BEFORE_VALIDATING] = hold
    paying = asyncio.create_task(
        replicas.one.take([branch.commands.command(deposit("c-2", "A", "10", "EUR"))], branch.places)
    )
    await held.wait()
    await replicas.two.take([branch.rates.fact(rate("EUR", "3"))], branch.places)
    go.set()

    assert isinstance(await paying, Moved)
    assert await branch.balance("A") == "30"
    assert branch.bank.decided.count("c-2") > 1
    assert branch.committed[-1].conflicts == 1


async def test_many_batches_on_the_same_accounts_keep_every_amount(replicas: Replicas) -> None:
    branch = replicas.branch
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(opening("c-2", "B")),
        branch.commands.command(deposit("c-3", "A", "100")),
        branch.commands.command(deposit("c-4", "B", "100")),
    )

    for turn in range(10):
        there = [branch.commands.command(transfer(f"a-{turn}-{i}", "A", "B", "3")) for i in range(4)]
        back = [replicas.other.command(transfer(f"b-{turn}-{i}", "B", "A", "2")) for i in range(4)]
        meeting(*replicas.ways)
        await replicas.both(there, back)

    assert (await branch.balance("A"), await branch.balance("B")) == ("60", "140")
    assert replicas.conflicts >= 10
    assert len(await branch.finals()) == 84


@pytest.mark.parametrize("placeholder", [True, False])
async def test_a_wait_and_the_fact_that_ends_it_committed_together_lose_no_wake_up(
    replicas: Replicas, *, placeholder: bool
) -> None:
    branch = replicas.branch
    await branch.take(branch.commands.command(opening("c-1", "A")))
    if placeholder:
        await branch.take(branch.commands.command(opening("c-2", "B")))
        await branch.take(branch.commands.command(deposit("c-3", "B", "1", "EUR")))

    await replicas.met(
        branch.commands.command(deposit("c-4", "A", "10", "EUR")), branch.rates.fact(rate("EUR", "3"))
    )
    await branch.settle()

    assert set((await branch.finals()).values()) == {"accepted"}
    assert await branch.balance("A") == "30"
    assert await branch.store.waiting_count() == 0


async def test_a_follower_that_waits_beside_the_fact_it_waits_for_loses_no_wake_up(
    replicas: Replicas,
) -> None:
    branch = replicas.branch
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(deposit("c-2", "A", "1", "EUR")),
    )

    await replicas.met(
        branch.commands.command(deposit("c-3", "A", "1", "USD")), branch.rates.fact(rate("EUR", "3"))
    )
    await branch.settle()
    assert await branch.statuses("c-2") == ["waiting", "accepted"]
    await branch.take(branch.rates.fact(rate("USD", "4")))
    await branch.settle()

    assert await branch.balance("A") == "7"


async def test_a_command_that_arrives_while_its_lane_is_drained_stays_behind(replicas: Replicas) -> None:
    branch = replicas.branch
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(deposit("c-2", "A", "1", "EUR")),
    )
    await branch.take(branch.rates.fact(rate("EUR", "3")))
    meeting(*replicas.ways)

    await asyncio.gather(
        replicas.one.drain(),
        replicas.two.take([branch.commands.command(deposit("c-3", "A", "5"))], branch.places),
    )
    await branch.settle()

    assert await branch.money() == [("A", "3"), ("A", "5")]
    assert await branch.store.waiting_count() == 0


async def test_lanes_drained_by_two_at_once_are_decided_once(replicas: Replicas) -> None:
    branch = replicas.branch
    for name in "ABCDEF":
        await branch.take(
            branch.commands.command(opening(f"open-{name}", name)),
            branch.commands.command(deposit(f"first-{name}", name, "1", "EUR")),
            branch.commands.command(deposit(f"second-{name}", name, "2")),
        )
    await branch.take(branch.rates.fact(rate("EUR", "10")))
    meeting(*replicas.ways)

    assert all(await asyncio.gather(replicas.one.drain(), replicas.two.drain()))

    await branch.settle()
    assert len(await branch.finals()) == 18
    assert [await branch.balance(name) for name in "ABCDEF"] == ["12"] * 6


async def test_two_lanes_that_wait_for_each_other_are_drained_by_two_at_once(replicas: Replicas) -> None:
    branch = replicas.branch
    await branch.take(
        branch.commands.command(transfer("c-1", "A", "B", "0")),
        branch.commands.command(opening("c-2", "A")),
        branch.commands.command(transfer("c-3", "C", "D", "0")),
        branch.commands.command(opening("c-4", "C")),
    )
    meeting(*replicas.ways)

    await asyncio.gather(
        replicas.one.take([replicas.other.command(opening("c-5", "B"))], branch.places),
        replicas.two.take([branch.commands.command(opening("c-6", "D"))], branch.places),
    )
    await asyncio.gather(replicas.one.drain(), replicas.two.drain())
    await branch.settle()

    assert set((await branch.finals()).values()) == {"accepted"}
    assert len(await branch.finals()) == 6


@pytest.mark.parametrize("first", ["expiry", "fact"])
async def test_expiry_beside_the_fact_gives_one_answer(impatient: Replicas, first: str) -> None:
    branch = impatient.branch
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(deposit("c-2", "A", "10", "EUR")),
    )
    fact = branch.rates.fact(rate("EUR", "3"))
    held, go = asyncio.Event(), asyncio.Event()

    async def hold(_: Stepwise) -> None:
        held.set()
        await go.wait()

    impatient.ways[0].stops[BEFORE_VALIDATING] = hold
    if first == "expiry":
        slow: asyncio.Task[object] = asyncio.create_task(impatient.one.take([fact], branch.places))
        await held.wait()
        assert await impatient.two.expire() == 1
    else:
        slow = asyncio.create_task(impatient.one.expire())
        await held.wait()
        await impatient.two.take([fact], branch.places)
    go.set()
    await slow
    await branch.settle()

    assert (await branch.finals())["c-2"] == ("refused" if first == "expiry" else "accepted")
    assert await branch.balance("A") == ("0" if first == "expiry" else "30")
    assert await branch.store.waiting_count() == 0
    assert not (await branch.lane("A"))[1]


async def test_two_that_refuse_the_same_late_command_refuse_it_once(impatient: Replicas) -> None:
    branch = impatient.branch
    await branch.take(branch.commands.command(deposit("c-1", "A")))
    meeting(*impatient.ways)

    expired = await asyncio.gather(impatient.one.expire(), impatient.two.expire())

    assert sorted(expired) == [0, 1]
    assert await branch.finals() == {"c-1": "refused"}


async def test_the_next_in_a_lane_has_its_own_time_though_the_first_ran_out(postgres_url: str) -> None:
    """One replica has chosen the lane to expire; before it reads it, another refuses the head and goes on."""
    async with AsyncExitStack() as stack:
        replicas = await replicas_at(postgres_url, stack, IntakeLimits(waiting=timedelta(hours=1)))
        branch = replicas.branch
        await branch.take(
            branch.commands.command(deposit("c-1", "A")), branch.commands.command(deposit("c-2", "A", "5"))
        )
        await branch.run("UPDATE waiting SET arrived_ms = 0 WHERE command_id = 'c-1'")

        async def overtake(_: Stepwise) -> None:
            assert await replicas.two.expire() == 1
            while await replicas.two.drain():
                pass

        replicas.ways[0].stops["JOIN lane l"] = overtake
        assert await replicas.one.expire() == 0

        assert await branch.finals() == {"c-1": "refused"}
        assert await branch.statuses("c-2") == ["waiting"]


async def test_the_same_command_through_two_partitions_is_decided_once(replicas: Replicas) -> None:
    await replicas.met(
        replicas.branch.commands.command(opening("c-1", "A")), replicas.other.command(opening("c-1", "A"))
    )

    answers = await replicas.branch.answers("c-1")
    assert [answer["status"] for answer in answers] == ["accepted", "accepted"]
    assert [answer.get("repeat") for answer in answers] == [None, True]


async def test_one_id_for_two_commands_at_once_is_one_command_and_one_conflict(replicas: Replicas) -> None:
    """Nothing but the id is the same: key, lane and account differ."""
    await replicas.branch.take(replicas.branch.commands.command(opening("c-0", "Z")))
    await replicas.met(
        replicas.branch.commands.command(opening("c-1", "A")), replicas.other.command(opening("c-1", "B"))
    )

    answers = await replicas.branch.answers("c-1")
    assert sorted(answer["status"] for answer in answers) == ["accepted", "refused"]
    assert [answer["rule"] for answer in answers if answer.get("conflict")] == ["R02"]
    assert len(await replicas.branch.states()) == 2


@pytest.mark.parametrize("statement", ["JOIN aggregate a", "JOIN waits_for n ON n.kind"])
async def test_a_wait_registered_while_its_row_is_being_read_loses_no_wake_up(
    replicas: Replicas, statement: str
) -> None:
    """Either the version that was read is old, which the commit finds out, or the waiter is seen."""
    branch = replicas.branch
    await branch.take(branch.commands.command(opening("c-1", "A")))
    waits = replicas.other.command(deposit("c-2", "A", "10", "EUR"))

    async def register(_: Stepwise) -> None:
        await replicas.two.take([waits], branch.places)

    async def not_yet(_: Stepwise) -> None:
        """What is parked is read first."""
        replicas.ways[0].stops[statement] = register

    replicas.ways[0].stops[statement] = not_yet
    await replicas.one.take([branch.rates.fact(rate("EUR", "3"))], branch.places)
    assert not replicas.ways[0].stops
    await branch.settle()

    assert await branch.statuses("c-2") == ["waiting", "accepted"]


@pytest.mark.parametrize("statement", ["JOIN lane l", "JOIN waiting w"])
async def test_a_command_queued_while_its_lane_is_being_read_is_not_overtaken(
    replicas: Replicas, statement: str
) -> None:
    branch = replicas.branch
    await branch.take(branch.commands.command(opening("c-1", "A")))
    # so that there is a lane whose queue can be read
    await branch.take(branch.commands.command(deposit("c-2", "A", "1")))
    waits = replicas.other.command(deposit("c-3", "A", "10", "EUR"))

    async def queue(_: Stepwise) -> None:
        await replicas.two.take([waits], branch.places)

    replicas.ways[0].stops[statement] = queue
    await replicas.one.take([branch.commands.command(deposit("c-4", "A", "5"))], branch.places)
    assert not replicas.ways[0].stops

    assert await branch.statuses("c-4") == ["waiting"]


@pytest.mark.parametrize("statement", ["JOIN lane l", "JOIN outcome o"])
async def test_a_repeat_beside_the_decision_it_asks_about_is_not_told_an_old_answer(
    replicas: Replicas, statement: str
) -> None:
    branch = replicas.branch
    await branch.take(branch.commands.command(opening("c-1", "A")))
    await branch.take(branch.commands.command(deposit("c-2", "A", "10", "EUR")))

    async def decide(_: Stepwise) -> None:
        await replicas.two.take([branch.rates.fact(rate("EUR", "3"))], branch.places)
        while await replicas.two.drain():
            pass

    replicas.ways[0].stops[statement] = decide
    repeat = branch.commands.command(deposit("c-2", "A", "10", "EUR"))
    await replicas.one.take([repeat], branch.places)
    assert not replicas.ways[0].stops

    assert await branch.statuses("c-2") == ["waiting", "accepted", "accepted"]


async def test_a_key_parked_beside_a_decision_that_reads_it_holds_that_decision_up(
    replicas: Replicas,
) -> None:
    branch = replicas.branch
    await branch.take(branch.commands.command(opening("c-1", "A")), branch.rates.fact(rate("EUR", "2")))

    await replicas.met(
        branch.commands.command(deposit("c-2", "A", "10", "EUR")),
        branch.rates.fact(rate("EUR"), value=b"{"),
    )

    order = "parked" if await branch.statuses("c-2") == ["waiting"] else "decided"
    first = (await branch.outbox())[2].topic
    assert first.endswith("parked.v1") is (order == "parked")
    assert replicas.conflicts == (order == "parked")


@pytest.mark.parametrize("when", [BEFORE_VALIDATING, BEFORE_COMMIT])
async def test_a_batch_whose_connection_dies_is_taken_again(replicas: Replicas, when: str) -> None:
    """Where the commit was sent its outcome is in doubt; before that it is only a failure."""
    branch = replicas.branch

    async def end(transaction: Stepwise) -> None:
        ((pid,),) = await transaction.select(plain("SELECT pg_backend_pid()"))
        await branch.rows("SELECT pg_terminate_backend($1)", pid)

    batch = [branch.commands.command(opening("c-1", "A")), branch.commands.command(deposit("c-2", "A"))]
    replicas.ways[0].stops[when] = end
    if when == BEFORE_COMMIT:
        assert await replicas.one.take(batch, branch.places) == Superseded(((COMMANDS, 0),))
    else:
        with pytest.raises(DatabaseUnavailable):
            await replicas.one.take(batch, branch.places)
    assert await branch.next_offset() == 0

    assert await replicas.one.take(batch, branch.places) == Moved({(COMMANDS, 0): 2})
    assert await branch.balance("A") == "10"


async def test_a_commit_without_an_answer_is_superseded_and_nothing_is_doubled(replicas: Replicas) -> None:
    branch = replicas.branch
    batch = [branch.commands.command(opening("c-1", "A")), branch.commands.command(deposit("c-2", "A"))]
    replicas.ways[0].loses_answers = 1

    assert await replicas.one.take(batch, branch.places) == Superseded(((COMMANDS, 0),))
    assert await replicas.one.take(batch, branch.places) == Moved({(COMMANDS, 0): 2})

    assert await branch.balance("A") == "10"
    assert len(await branch.answers()) == 2


async def test_a_drain_whose_commit_has_no_answer_may_be_repeated(replicas: Replicas) -> None:
    branch = replicas.branch
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(deposit("c-2", "A", "1", "EUR")),
    )
    await branch.take(branch.rates.fact(rate("EUR", "3")))
    replicas.ways[0].loses_answers = 1

    with pytest.raises(DatabaseUnavailable, match="answer"):
        await replicas.one.drain()
    while await replicas.one.drain():
        pass

    assert await branch.finals() == {"c-1": "accepted", "c-2": "accepted"}
    assert await branch.balance("A") == "3"


async def test_offsets_of_several_partitions_are_moved_without_a_deadlock(replicas: Replicas) -> None:
    branch = replicas.branch
    for turn in range(5):
        one = branch.commands.command(opening(f"a-{turn}", f"A{turn}"))
        two = replicas.other.command(opening(f"b-{turn}", f"B{turn}"))
        meeting(*replicas.ways, at="FOR UPDATE OF intake")

        taken = await replicas.both([one, two], [two, one])

        assert any(isinstance(each, Moved) for each in taken)
    assert len(await branch.finals()) == 10
    assert await branch.next_offset(RATES) == 0
