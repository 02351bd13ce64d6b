"""A command id counts once."""

from orestream.contracts.wire import fact_id
from tests.support.branch import Branch
from tests.support.toy_domain import COMMANDS, deposit, header, opening


async def test_a_repeat_gets_its_answer_again_and_has_no_effect(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(opening("c-1", "A")), branch.commands.command(deposit("c-2", "A"))
    )

    await branch.take(branch.commands.command(deposit("c-2", "A")))

    first, again = await branch.answers("c-2")
    assert again["repeat"] is True
    assert "repeat" not in first
    assert again["facts"] == first["facts"]
    assert again["status"] == first["status"] == "accepted"
    assert await branch.balance("A") == "10"
    assert await branch.finals() == {"c-1": "accepted", "c-2": "accepted"}


async def test_a_repeat_in_the_same_batch_is_known_too(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(deposit("c-2", "A")),
        branch.commands.command(deposit("c-2", "A")),
    )

    assert await branch.balance("A") == "10"
    assert await branch.statuses("c-2") == ["accepted", "accepted"]


async def test_other_content_under_a_known_id_is_refused_and_never_replaces_the_first(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(opening("c-1", "A")), branch.commands.command(deposit("c-2", "A"))
    )

    await branch.take(branch.commands.command(deposit("c-2", "A", "11")))
    await branch.take(branch.commands.command(deposit("c-2", "A", "10")))

    first, conflict, again = await branch.answers("c-2")
    assert (conflict["status"], conflict["rule"], conflict["conflict"]) == ("refused", "R02", True)
    assert again["status"] == first["status"]
    assert await branch.balance("A") == "10"


async def test_the_same_content_written_differently_is_a_repeat(branch: Branch) -> None:
    record = branch.commands.command(opening("c-1", "A"))
    spaced = record._replace(offset=1, value=(record.value or b"").replace(b",", b" ,  "))

    await branch.take(record, spaced)

    assert [answer.get("repeat") for answer in await branch.answers("c-1")] == [None, True]


async def test_answers_to_repeats_are_told_apart_by_where_the_repeat_stands(branch: Branch) -> None:
    await branch.take(*[branch.commands.command(opening("c-1", "A")) for _ in range(3)])

    ids = [header(row, "ce_id") for row in await branch.outbox() if row.key == b"c-1"]
    assert len(set(ids)) == 3
    assert ids[1:] == [
        fact_id("/orestream/main/bank", "/orestream/main/cli", f"{COMMANDS}/0/{offset}", 0)
        for offset in (1, 2)
    ]


async def test_a_repeat_of_a_waiting_command_is_answered_waiting_again(branch: Branch) -> None:
    await branch.take(branch.commands.command(deposit("c-1", "A")))

    await branch.take(branch.commands.command(deposit("c-1", "A")))
    await branch.take(branch.commands.command(deposit("c-1", "A", "12")))

    assert await branch.statuses("c-1") == ["waiting", "waiting", "refused"]
    assert [answer.get("repeat") for answer in await branch.answers("c-1")] == [None, True, None]
    assert (await branch.rows("SELECT count(*) FROM waiting"))[0][0] == 1


async def test_a_repeat_after_waiting_gets_the_final_answer(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(deposit("c-1", "A")), branch.commands.command(opening("c-2", "A"))
    )
    await branch.settle()

    await branch.take(branch.commands.command(deposit("c-1", "A")))

    assert await branch.statuses("c-1") == ["waiting", "accepted", "accepted"]
    assert await branch.balance("A") == "10"
