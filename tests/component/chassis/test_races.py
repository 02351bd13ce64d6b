"""Replicas at work on one database at the same time: what comes out is what one after the other gives."""

import asyncio

import pytest

from orestream.chassis.intake.taken import Moved, Superseded
from tests.support.interleaving import BEFORE_VALIDATING, Stepwise, meeting
from tests.support.replicas import Replicas
from tests.support.toy_domain import COMMANDS, RATES, deposit, favour, opening, rate, transfer


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
