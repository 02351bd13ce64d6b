"""The outbox: numbers without holes, linked transactions, whole decisions."""

from datetime import timedelta
from itertools import pairwise

import pytest

from orestream.contracts.topics import OUTCOMES
from orestream.contracts.wire import SEQUENCE_DIGITS
from tests.support.branch import Branch
from tests.support.toy_domain import MONEY, deposit, favour, header, opening, transfer

LARGE = 1 << 20


async def filled(branch: Branch) -> None:
    """Three transactions; the last one's decision has three records."""
    await branch.take(
        branch.commands.command(opening("c-1", "A")), branch.commands.command(opening("c-2", "B"))
    )
    await branch.take(branch.commands.command(deposit("c-3", "A")))
    await branch.take(branch.commands.command(transfer("c-4", "A", "B")))


async def test_positions_have_no_hole_and_end_at_the_head(branch: Branch) -> None:
    await filled(branch)

    rows = await branch.outbox()
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    head = await branch.store.outbox_head()
    assert (head.position, head.link) == (rows[-1].position, rows[-1].link)


async def test_sequences_have_no_hole_in_any_partition_and_stand_in_the_headers(branch: Branch) -> None:
    await filled(branch)

    by_partition: dict[tuple[str, int], list[int]] = {}
    for row in await branch.outbox():
        by_partition.setdefault((row.topic, row.partition), []).append(row.sequence)
        assert header(row, "ce_sequence") == f"{row.sequence:0{SEQUENCE_DIGITS}d}"
    assert {topic for topic, _ in by_partition} == {MONEY, OUTCOMES}
    assert all(seen == list(range(1, len(seen) + 1)) for seen in by_partition.values())


async def test_every_transaction_has_a_link_of_its_own_and_names_the_one_before(branch: Branch) -> None:
    await filled(branch)

    rows = await branch.outbox()
    links = list(dict.fromkeys(row.link for row in rows))
    assert len(links) == 3
    assert rows[0].previous_link == ""
    assert all(
        second.follows(first.position, first.link)
        and second.previous_link in (first.link, first.previous_link)
        for first, second in pairwise(rows)
    )


async def test_a_row_of_another_history_does_not_follow(branch: Branch) -> None:
    await filled(branch)

    (row,) = [row for row in await branch.outbox() if row.position == 5]
    assert row.follows(4, row.previous_link)
    assert not row.follows(4, "elsewhere")
    assert not row.follows(3, row.previous_link)


async def test_a_page_never_cuts_a_decision(branch: Branch) -> None:
    await filled(branch)
    total = len(await branch.outbox())

    for limit in range(1, total + 2):
        position = 0
        while page := await branch.store.outbox_after(position, limit, LARGE):
            assert page[-1].decision_end
            position = page[-1].position
        assert position == total


async def test_a_decision_larger_than_a_page_comes_whole(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(favour("c-1", "A", "B", times=25)),
        branch.commands.command(opening("c-2", "C")),
    )

    page = await branch.store.outbox_after(0, 10, 1)

    assert len(page) == 26
    assert [row.decision_end for row in page] == [False] * 25 + [True]


async def test_a_page_holds_no_more_bytes_than_asked_unless_one_decision_does(branch: Branch) -> None:
    await branch.take(
        *[branch.commands.command(favour(f"c-{i}", f"A{i}", "B", words=1_000)) for i in range(6)]
    )

    page = await branch.store.outbox_after(0, 1_000, 3_500)

    assert len([row for row in page if row.topic == MONEY]) == 2
    assert len(await branch.store.outbox_after(0, 1_000, 10)) == 2


async def test_behind_the_end_there_is_nothing(branch: Branch) -> None:
    await filled(branch)
    head = await branch.store.outbox_head()

    assert await branch.store.outbox_after(head.position, 10, LARGE) == []
    assert await branch.store.outbox_age(head.position) is None


async def test_the_age_is_that_of_the_oldest_row_left(branch: Branch) -> None:
    await filled(branch)
    await branch.run("UPDATE outbox SET timestamp_ms = timestamp_ms - 60000 WHERE position <= 2")

    assert 60 <= (await branch.store.outbox_age(0) or 0) < 120
    assert (await branch.store.outbox_age(2) or 0) < 60


async def test_pruning_keeps_the_row_at_the_cursor_and_what_is_behind_it(branch: Branch) -> None:
    await filled(branch)

    assert await branch.store.prune_outbox(4, timedelta()) == 3

    assert next(row.position for row in await branch.store.outbox_after(0, 3, LARGE)) == 4


async def test_pruning_keeps_what_is_young(branch: Branch) -> None:
    await filled(branch)
    await branch.run("UPDATE outbox SET timestamp_ms = timestamp_ms - 7200000 WHERE position <= 2")

    assert await branch.store.prune_outbox(6, timedelta(hours=1)) == 2


async def test_numbers_go_on_after_everything_is_pruned(branch: Branch) -> None:
    await filled(branch)
    before = await branch.store.outbox_head()
    await branch.store.prune_outbox(before.position + 1, timedelta())

    await branch.take(branch.commands.command(deposit("c-5", "A")))

    first = (await branch.store.outbox_after(before.position, 10, LARGE))[0]
    assert first.follows(before.position, before.link)
    assert first.sequence > 1


async def test_a_batch_that_fails_leaves_no_hole(branch: Branch, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(branch)
    before = await branch.store.outbox_head()

    class Pulled(Exception):
        pass

    async def pull(*_: object) -> None:
        raise Pulled

    with monkeypatch.context() as patch:
        patch.setattr("orestream.chassis.store.offsets.move", pull)
        with pytest.raises(Pulled):
            await branch.try_to_take(branch.commands.command(deposit("c-5", "A")))
    assert await branch.store.outbox_head() == before
