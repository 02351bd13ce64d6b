"""What is too much for one decision follows in chunks, each told once, whoever dies meanwhile."""

from __future__ import annotations

import asyncio
import json

import pytest

from orestream.chassis.errors import TaskFails
from orestream.chassis.intake.intake import Intake
from orestream.chassis.steps import Step, watch
from orestream.contracts.decision import CHUNK, DECISION_FACTS
from orestream.contracts.wire import fact_id
from tests.support.branch import Branch
from tests.support.replicas import Replicas
from tests.support.toy_domain import MONEY, dividend, favour, header, opening, rate

MANY = 10_000
SOURCE = "/orestream/main/bank"
CLI = "/orestream/main/cli"


async def told(branch: Branch) -> list[tuple[str, str]]:
    """Account and fact id of every favour, in order."""
    rows = [row for row in await branch.outbox() if row.topic == MONEY]
    return [(json.loads(row.value or b"")["account_id"], header(row, "ce_id")) for row in rows]


async def sizes(branch: Branch) -> list[int]:
    """How many records each decision has, in order."""
    counts = [0]
    for row in await branch.outbox():
        counts[-1] += 1
        if row.decision_end:
            counts.append(0)
    return counts[:-1]


def expected(
    account: str, heirs: int, cause: str, source: str = CLI, first: int = 2
) -> list[tuple[str, str]]:
    return [
        (f"{account}-{number}", fact_id(SOURCE, source, cause, first + number)) for number in range(heirs)
    ]


async def test_everything_is_told_in_chunks_whose_ids_continue(branch: Branch) -> None:
    taken = await branch.take(branch.commands.command(dividend("c-1", "A", MANY)))
    assert taken.ready
    assert len(await told(branch)) == 1, "the decision itself is small"
    await branch.settle()

    assert (await told(branch))[1:] == expected("A", MANY, "c-1")
    assert await sizes(branch) == [2, *[CHUNK] * (MANY // CHUNK)]
    assert (await branch.store.open_tasks()).tasks == 0
    assert len(await branch.states()) == MANY + 1


async def test_the_answer_says_that_more_follows(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(dividend("c-1", "A", 3)), branch.commands.command(favour("c-2", "B", "C"))
    )

    (more,) = await branch.answers("c-1")
    (all_,) = await branch.answers("c-2")
    assert (more["facts_total"], more["more_facts"]) == (1, True)
    assert (all_["facts_total"], all_.get("more_facts")) == (1, None)


async def test_a_chunk_names_the_message_that_caused_it(branch: Branch) -> None:
    await branch.take(branch.commands.command(dividend("c-1", "A", 3)))
    await branch.settle()

    causes = {header(row, "ce_causationid") for row in await branch.outbox()}
    assert causes == {"c-1"}


async def test_a_fact_may_leave_a_task_too(branch: Branch) -> None:
    record = branch.rates.fact(rate("EUR", heirs=DECISION_FACTS + 1))
    await branch.take(record)
    await branch.settle()

    cause, source = header(record, "ce_id"), header(record, "ce_source")
    assert await told(branch) == expected("EUR", DECISION_FACTS + 1, cause, source, first=1)


async def test_what_is_told_meanwhile_is_not_told_again(branch: Branch) -> None:
    await branch.take(branch.commands.command(dividend("c-1", "A", 2 * CHUNK)))
    assert await branch.intake.drain()
    await branch.take(branch.commands.command(favour("c-2", f"A-{CHUNK + 7}", "nobody")))
    await branch.settle()

    accounts = [account for account, _ in await told(branch)]
    assert len(accounts) == len(set(accounts)) == 2 * CHUNK + 1


async def test_offsets_stay_where_they_are(branch: Branch) -> None:
    await branch.take(branch.commands.command(dividend("c-1", "A", 2 * CHUNK)))
    before = await branch.rows("SELECT * FROM intake ORDER BY topic")
    await branch.settle()

    assert [tuple(row) for row in await branch.rows("SELECT * FROM intake ORDER BY topic")] == [
        tuple(row) for row in before
    ]


async def test_a_chunk_too_large_to_be_published_at_once_is_made_smaller(branch: Branch) -> None:
    await branch.take(branch.commands.command(dividend("c-1", "A", 20, words=500_000)))
    await branch.settle()

    assert (await told(branch))[1:] == expected("A", 20, "c-1")
    assert max(await sizes(branch)) <= 7


class Died(BaseException):
    """What a test does to an intake in the middle of its work."""


@pytest.mark.parametrize("step", [Step.BEFORE_COMMIT, Step.COMMITTED])
async def test_a_death_at_any_step_of_a_chunk_neither_loses_nor_doubles(branch: Branch, step: Step) -> None:
    await branch.take(branch.commands.command(dividend("c-1", "A", 4 * CHUNK)))
    deaths = 0

    async def die(at: Step) -> None:
        nonlocal deaths
        if at is step and deaths < 3:
            deaths += 1
            raise Died

    watch(die)
    try:
        while deaths < 3:
            with pytest.raises(Died):
                await branch.another().drain()
    finally:
        watch(None)
    branch.intake = branch.another()
    await branch.settle()

    assert (await told(branch))[1:] == expected("A", 4 * CHUNK, "c-1")


async def test_several_replicas_tell_each_chunk_once(replicas: Replicas) -> None:
    branch = replicas.branch
    for number in range(3):
        await branch.take(branch.commands.command(dividend(f"c-{number}", f"A{number}", 4 * CHUNK)))

    async def drain(intake: Intake) -> None:
        while (await branch.store.open_tasks()).tasks:
            await intake.drain()

    await asyncio.gather(drain(replicas.one), drain(replicas.two), drain(branch.intake))

    for number in range(3):
        facts = [one for one in await told(branch) if one[0].startswith(f"A{number}-")]
        assert facts == expected(f"A{number}", 4 * CHUNK, f"c-{number}")


async def test_a_task_waits_behind_a_parked_key_and_goes_on_when_it_is_free(branch: Branch) -> None:
    branch.bank.faulty.add("A-3")
    await branch.take(branch.rates.fact(rate("A-3", bad=True)))
    await branch.take(branch.commands.command(dividend("c-1", "A", 10)))
    await branch.settle()
    assert len(await told(branch)) == 1
    backlog = await branch.store.open_tasks()
    assert backlog.tasks == 1

    await branch.store.parked_discard("A-3", "a test")
    await branch.settle()
    assert (await told(branch))[1:] == expected("A", 10, "c-1")


async def test_code_that_fails_on_a_task_stops_the_service_and_keeps_the_task(branch: Branch) -> None:
    branch.bank.faulty.add("A")
    await branch.take(branch.commands.command(dividend("c-1", "A", 10)))
    with pytest.raises(TaskFails, match=r"c-1 has left to be told.*no heirs"):
        await branch.intake.drain()

    branch.bank.faulty.clear()
    await branch.settle()
    assert (await told(branch))[1:] == expected("A", 10, "c-1")


async def test_other_work_goes_on_between_chunks(branch: Branch) -> None:
    await branch.take(branch.commands.command(dividend("c-1", "A", 3 * CHUNK)))
    assert await branch.intake.drain()
    await branch.take(branch.commands.command(opening("c-2", "B")))
    await branch.settle()

    order: list[str] = []
    for row in await branch.outbox():
        cause = header(row, "ce_causationid")
        if not order or order[-1] != cause:
            order.append(cause)
    assert order == ["c-1", "c-2", "c-1"]
