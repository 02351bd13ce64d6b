"""What could not be published is refused before it is committed."""

import pytest

from orestream.chassis.intake.writer import MAX_DECISION_BYTES, MAX_FACTS
from orestream.contracts.outcome import FACTS_LISTED
from tests.support.branch import Branch
from tests.support.toy_domain import MONEY, PARKED, deposit, favour, header, opening, rate, transfer


def limited(branch: Branch, max_record_bytes: int) -> Branch:
    branch.max_record_bytes = max_record_bytes
    branch.intake = branch.another()
    return branch


async def assert_refused(branch: Branch, command_id: str, *words: str) -> None:
    (answer,) = await branch.answers(command_id)
    assert (answer["status"], answer["rule"]) == ("refused", "R01")
    assert all(word in answer["message"] for word in words), answer["message"]
    assert (answer["facts"], answer["facts_total"]) == ([], 0)
    assert [row for row in await branch.outbox() if row.topic == MONEY] == []
    assert await branch.states() == {}


async def test_a_decision_may_have_as_many_facts_as_the_limit_says_and_lists_some(branch: Branch) -> None:
    await branch.take(branch.commands.command(favour("c-1", "A", "B", times=MAX_FACTS)))

    (answer,) = await branch.answers("c-1")
    assert answer["status"] == "accepted"
    assert (len(answer["facts"]), answer["facts_total"]) == (FACTS_LISTED, MAX_FACTS)
    rows = await branch.outbox()
    assert len(rows) == MAX_FACTS + 1
    assert [row.decision_end for row in rows] == [False] * MAX_FACTS + [True]
    assert answer["facts"][-1]["id"] == header(rows[FACTS_LISTED - 1], "ce_id")


async def test_more_facts_than_a_decision_may_have_are_refused(branch: Branch) -> None:
    await branch.take(branch.commands.command(favour("c-1", "A", "B", times=MAX_FACTS + 1)))

    await assert_refused(branch, "c-1", f"{MAX_FACTS + 1} facts", str(MAX_FACTS))


async def test_more_bytes_than_a_decision_may_have_are_refused(branch: Branch) -> None:
    await branch.take(branch.commands.command(favour("c-1", "A", "B", times=9, words=500_000)))

    await assert_refused(branch, "c-1", "bytes of facts", str(MAX_DECISION_BYTES))


async def test_a_record_beyond_what_may_be_published_is_refused(branch: Branch) -> None:
    await branch.take(branch.commands.command(favour("c-1", "A", "B", words=1_000_000)))

    await assert_refused(branch, "c-1", "a record of", "1000000 may be published")


async def test_what_is_too_large_leaves_its_batch_alone(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(favour("c-2", "A", "B", words=1_000_000)),
        branch.commands.command(deposit("c-3", "A")),
        branch.commands.command(favour("c-4", "B", "A")),
    )

    assert list((await branch.finals()).values()) == ["accepted", "refused", "accepted", "accepted"]


async def test_a_fact_with_consequences_too_large_is_parked(branch: Branch) -> None:
    limited(branch, 1300)
    await branch.take(branch.commands.command(opening("c-1", "A" * 100)))

    limited(branch, 700)
    await branch.take(branch.rates.fact(rate("EUR", bonus_to="A" * 100)))

    (parked,) = await branch.store.parked_list()
    assert "700 may be published" in parked.reason


async def test_a_notice_leaves_out_bytes_that_do_not_fit(branch: Branch) -> None:
    limited(branch, 5000)

    await branch.take(branch.rates.fact(rate("EUR"), value=b"{" + b" " * 4500))

    (notice,) = await branch.notices()
    assert (notice.topic, notice.key, notice.value) == (PARKED, b"EUR", None)
    assert "too large" in header(notice, "orestream_omitted")
    (parked,) = await branch.store.parked_list()
    assert len(parked.record.value or b"") == 4501


async def test_an_answer_that_waits_for_much_names_some_of_it_and_a_count(branch: Branch) -> None:
    refs = 30_000
    branch.bank.waits_for = [f"{number:030d}" for number in range(refs)]

    await branch.take(branch.commands.command(transfer("c-1", "A", "B")))

    (answer,) = await branch.answers("c-1")
    assert answer["status"] == "waiting"
    assert len(answer["waits_for"]) == FACTS_LISTED
    assert f"{refs}" in answer["message"]
    assert len(await branch.rows("SELECT 1 FROM waits_for")) == refs


@pytest.mark.parametrize("message", ["x" * 2_000_000, "é" * 2_000_000])
async def test_however_much_a_wait_has_to_say_its_answer_can_be_published(
    branch: Branch, message: str
) -> None:
    branch.bank.waits_for = ["nothing"]
    branch.bank.waits_with = message

    await branch.take(branch.commands.command(transfer("c-1", "A", "B")))

    assert await branch.statuses("c-1") == ["waiting"]


async def test_an_answer_at_the_limit_can_be_given_again(branch: Branch) -> None:
    """Given again it says that it is a repeat, which makes it longer."""
    record = branch.commands.command(transfer("c-1", "A" * 60, "B"))
    await branch.take(record)
    (row,) = await branch.outbox()
    size = len(row.key or b"") + len(row.value or b"") + await _headers_size(branch)

    limited(branch, size)
    await branch.take(branch.commands.command(transfer("c-1", "A" * 60, "B")))

    first, again = await branch.answers("c-1")
    assert (first["status"], len(first["waits_for"])) == ("waiting", 2)
    assert (again["status"], again["repeat"], "waits_for" in again) == ("waiting", True, False)


async def _headers_size(branch: Branch) -> int:
    ((headers,),) = await branch.rows("SELECT headers FROM outbox")
    return len(headers)
