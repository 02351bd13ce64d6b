"""A fact that fails is set aside with what depends on it; everything else flows, nothing changes places."""

from orestream.chassis.records import Fetched
from orestream.chassis.store import OutboxRow
from tests.support.branch import Branch
from tests.support.interleaving import Stepwise
from tests.support.replicas import Replicas
from tests.support.toy_domain import RATES, deposit, header, opening, rate, transfer


def broken(branch: Branch, currency: str) -> Fetched:
    """A fact in sequence that cannot be decoded."""
    return branch.rates.fact(rate(currency), value=b"{")


def bad(branch: Branch, currency: str, value: str = "2") -> Fetched:
    """A fact that the code fails on while `faulty` says so."""
    branch.bank.faulty.add(currency)
    return branch.rates.fact(rate(currency, value, bad=True))


def told(row: OutboxRow) -> tuple[str, str]:
    """What a notice tells, and of which record."""
    return header(row, "ce_type").split(".")[2], header(row, "orestream_input")


async def reasons(branch: Branch) -> list[tuple[str, str | None, int]]:
    """Key, what it follows, and attempts of everything parked."""
    return [(parked.key, parked.behind, parked.attempts) for parked in await branch.store.parked_list()]


async def rate_of(branch: Branch, currency: str) -> str | None:
    state = (await branch.states()).get(("rate", currency))
    return None if state is None else str(state["Rate"]["rate"])


async def retry(branch: Branch, currency: str) -> None:
    assert await branch.store.parked_retry(currency)
    await branch.settle()


async def test_a_fact_that_cannot_be_decoded_is_parked_with_its_reason(branch: Branch) -> None:
    moved = await branch.take(broken(branch, "EUR"), branch.rates.fact(rate("USD")))

    assert moved.next_offsets == {(RATES, 0): 2}
    (parked,) = await branch.store.parked_list()
    assert (parked.key, parked.attempts, parked.behind) == ("EUR", 1, None)
    assert parked.reason.startswith("value: ")
    assert await rate_of(branch, "USD") == "2"
    assert branch.committed[-1].parked == 1


async def test_a_fact_that_makes_the_code_fail_is_parked_after_three_tries_of_its_own(
    branch: Branch,
) -> None:
    await branch.take(branch.rates.fact(rate("USD", "5")), bad(branch, "EUR"), branch.rates.fact(rate("GBP")))

    (parked,) = await branch.store.parked_list()
    assert (parked.key, parked.attempts) == ("EUR", 3)
    assert parked.reason == "RuntimeError: EUR makes no sense"
    assert sorted(await branch.states()) == [("rate", "GBP"), ("rate", "USD")]


async def test_a_fact_that_fails_changes_nothing_even_where_a_part_of_it_went_well(branch: Branch) -> None:
    """Its rate folds, the money it causes does not: `B` is parked, so it queues, whole."""
    await branch.take(branch.commands.command(opening("c-1", "A")), bad(branch, "A"))

    await branch.take(branch.rates.fact(rate("EUR", "3", bonus_to="A")))

    assert await reasons(branch) == [("A", None, 3), ("EUR", "A", 0)]
    assert await rate_of(branch, "EUR") is None


async def test_later_facts_of_a_parked_key_queue_behind_it_and_others_flow(branch: Branch) -> None:
    await branch.take(bad(branch, "EUR"))
    await branch.take(
        branch.rates.fact(rate("EUR", "3")),
        branch.rates.fact(rate("USD")),
        branch.rates.fact(rate("EUR", "4")),
    )

    assert await reasons(branch) == [("EUR", None, 3), ("EUR", "EUR", 0), ("EUR", "EUR", 0)]
    assert list(await branch.states()) == [("rate", "USD")]
    assert branch.committed[-1].followers == 2


async def test_a_later_fact_of_the_same_batch_queues_behind_too(branch: Branch) -> None:
    await branch.take(bad(branch, "EUR"), branch.rates.fact(rate("EUR", "3")))

    assert await reasons(branch) == [("EUR", None, 3), ("EUR", "EUR", 0)]


async def test_a_decision_that_reads_a_parked_key_queues_behind_it(branch: Branch) -> None:
    await branch.take(branch.commands.command(opening("c-1", "A")), bad(branch, "EUR"))

    await branch.take(
        branch.commands.command(deposit("c-2", "A", "10", "EUR")),
        branch.commands.command(opening("c-3", "B")),
        branch.commands.command(deposit("c-4", "A", "1")),
    )

    assert await branch.finals() == {"c-1": "accepted", "c-3": "accepted"}
    (answer,) = await branch.answers("c-2")
    assert (answer["status"], answer["waits_for"]) == ("waiting", ["parked EUR"])
    assert await branch.statuses("c-4") == ["waiting"]


async def test_what_queues_behind_a_queued_fact_queues_too(branch: Branch) -> None:
    """`USD` follows `A`, so a later fact of `USD` and a deposit in it follow as well."""
    await branch.take(branch.commands.command(opening("c-1", "B")), bad(branch, "A"))

    await branch.take(
        branch.rates.fact(rate("USD", "3", bonus_to="A")),
        branch.rates.fact(rate("USD", "4")),
        branch.commands.command(deposit("c-2", "B", "1", "USD")),
    )

    assert await reasons(branch) == [("A", None, 3), ("USD", "A", 0), ("USD", "USD", 0)]
    assert (await branch.answers("c-2"))[0]["waits_for"] == ["parked USD"]


async def test_a_notice_has_key_and_bytes_as_they_came_and_says_why(branch: Branch) -> None:
    record = broken(branch, "EUR")
    record = record._replace(headers=(*record.headers, ("x-anything", b"\xff\x00")))

    await branch.take(record)

    (notice,) = await branch.notices()
    assert (notice.key, notice.value) == (record.key, record.value)
    headers = dict(notice.headers)
    assert {name: headers[f"original_{name}"] for name, _ in record.headers} == dict(record.headers)
    assert header(notice, "ce_type") == "orestream.record.parked.v1"
    assert header(notice, "ce_subject") == "EUR"
    assert header(notice, "ce_causationid") == f"{RATES}-0-1"
    assert header(notice, "ce_correlationid") == "because-1"
    assert header(notice, "orestream_reason").startswith("value: ")
    assert header(notice, "orestream_attempts") == "1"
    assert header(notice, "orestream_input") == f"{RATES}/0/0"


async def test_every_parked_record_is_told_followers_too(branch: Branch) -> None:
    await branch.take(bad(branch, "EUR"), branch.rates.fact(rate("EUR", "3")))

    notices = await branch.notices()
    assert [told(row) for row in notices] == [("parked", f"{RATES}/0/0"), ("parked", f"{RATES}/0/1")]
    assert [header(row, "orestream_reason") for row in notices][1] == "behind EUR"
    assert len({header(row, "ce_id") for row in notices}) == 2


async def test_a_retry_after_the_fault_is_gone_decides_everything_in_order(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        bad(branch, "EUR", "2"),
        branch.rates.fact(rate("EUR", "3")),
        branch.commands.command(deposit("c-2", "A", "10", "EUR")),
        branch.commands.command(deposit("c-3", "A", "1")),
    )
    branch.bank.faulty.clear()

    await retry(branch, "EUR")

    assert (await branch.states())["rate", "EUR"]["Rate"] == {"currency": "EUR", "rate": "3", "times": 2}
    assert await branch.money() == [("A", "30"), ("A", "1")]
    assert list(await branch.finals()) == ["c-1", "c-2", "c-3"]
    assert await branch.store.parked_list() == []
    assert await branch.store.parked_keys() == 0
    assert [told(row)[0] for row in await branch.notices()] == ["parked", "parked", "released", "released"]


async def test_nothing_is_retried_without_the_operators_word(branch: Branch) -> None:
    await branch.take(bad(branch, "EUR"), branch.rates.fact(rate("EUR", "3")))
    branch.bank.faulty.clear()

    assert await branch.intake.drain() is False
    assert len(await branch.store.parked_list()) == 2


async def test_a_retry_that_fails_again_stays_parked_with_what_follows(branch: Branch) -> None:
    await branch.take(bad(branch, "EUR"), branch.rates.fact(rate("EUR", "3")))

    await retry(branch, "EUR")

    assert await reasons(branch) == [("EUR", None, 6), ("EUR", "EUR", 0)]
    assert [told(row)[0] for row in await branch.notices()] == ["parked", "parked", "parked"]
    branch.bank.faulty.clear()
    await retry(branch, "EUR")
    assert await rate_of(branch, "EUR") == "3"


async def test_a_follower_that_fails_itself_is_parked_in_its_turn(branch: Branch) -> None:
    await branch.take(broken(branch, "EUR"), bad(branch, "EUR"), branch.rates.fact(rate("EUR", "3")))

    await branch.store.parked_discard("EUR", "nonsense")
    await branch.settle()

    assert await reasons(branch) == [("EUR", None, 3), ("EUR", "EUR", 0)]
    branch.bank.faulty.clear()
    await retry(branch, "EUR")
    assert (await branch.states())["rate", "EUR"]["Rate"]["times"] == 2


async def test_a_discard_is_published_with_its_reason_and_what_queued_behind_flows(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        broken(branch, "EUR"),
        branch.rates.fact(rate("EUR", "3")),
        branch.commands.command(deposit("c-2", "A", "10", "EUR")),
    )

    assert await branch.store.parked_discard("EUR", "the treasury never set this")
    await branch.settle()

    discarded = next(row for row in await branch.notices() if told(row)[0] == "discarded")
    assert told(discarded)[1] == f"{RATES}/0/0"
    assert header(discarded, "orestream_reason") == "the treasury never set this"
    assert discarded.value == b"{"
    assert await rate_of(branch, "EUR") == "3"
    assert await branch.statuses("c-2") == ["waiting", "accepted"]
    assert await branch.balance("A") == "30"


async def test_what_followed_another_key_goes_once_that_is_free(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        bad(branch, "A"),
        branch.rates.fact(rate("USD", "3", bonus_to="A")),
        branch.rates.fact(rate("USD", "4")),
    )
    branch.bank.faulty.clear()

    await retry(branch, "A")

    assert await branch.store.parked_list() == []
    assert await branch.money() == [("A", "3")]
    assert await rate_of(branch, "USD") == "4"


async def test_a_record_is_not_held_up_by_what_was_parked_after_it(branch: Branch) -> None:
    """A reads what B is about, and B, parked behind A, reads what A is about: only the order decides."""
    branch.bank.faulty.add("A")
    await branch.take(
        branch.rates.fact(rate("A", "1", bad=True, bonus_to="B")),
        branch.rates.fact(rate("B", "2", bonus_to="A")),
    )
    assert await reasons(branch) == [("A", None, 3), ("B", "A", 0)]
    branch.bank.faulty.clear()

    await retry(branch, "A")

    assert await branch.store.parked_list() == []
    assert (await rate_of(branch, "A"), await rate_of(branch, "B")) == ("1", "2")


async def test_only_a_key_whose_first_record_fails_can_be_wished_for(branch: Branch) -> None:
    await branch.take(bad(branch, "A"), branch.rates.fact(rate("USD", "3", bonus_to="A")))

    assert not await branch.store.parked_retry("USD")
    assert not await branch.store.parked_discard("NOTHING", "no such key")
    assert [parked.key for parked in await branch.store.parked_show("USD")] == ["USD"]


async def test_a_command_that_waited_for_a_fact_which_is_parked_waits_on_until_it_is_released(
    branch: Branch,
) -> None:
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(deposit("c-2", "A", "10", "EUR")),
    )
    await branch.take(bad(branch, "EUR", "3"))
    await branch.settle()
    assert await branch.statuses("c-2") == ["waiting"]
    branch.bank.faulty.clear()

    await retry(branch, "EUR")

    assert await branch.finals() == {"c-1": "accepted", "c-2": "accepted"}
    assert await branch.balance("A") == "30"


async def test_a_command_that_would_change_a_parked_key_waits(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(opening("c-1", "A")), branch.commands.command(deposit("c-2", "A"))
    )
    await branch.take(bad(branch, "B"))

    await branch.take(
        branch.commands.command(transfer("c-3", "A", "B")), branch.commands.command(opening("c-4", "B"))
    )
    assert await branch.statuses("c-3") == await branch.statuses("c-4") == ["waiting"]

    await branch.store.parked_discard("B", "never mind")
    await branch.settle()

    assert list(await branch.finals()) == ["c-1", "c-2", "c-4", "c-3"]


async def test_a_wish_uttered_while_the_one_before_is_tried_is_not_lost(replicas: Replicas) -> None:
    branch = replicas.branch
    await branch.take(bad(branch, "EUR"))
    assert await branch.store.parked_retry("EUR")

    async def change_of_mind(_: Stepwise) -> None:
        assert await branch.store.parked_discard("EUR", "the bank is closed")

    replicas.ways[0].stops["UPDATE parked"] = change_of_mind
    assert await replicas.one.drain()
    (parked,) = await branch.store.parked_list()
    assert (parked.attempts, parked.wish, parked.wish_why) == (6, "discard", "the bank is closed")

    await branch.settle()
    assert await reasons(branch) == []
    assert branch.committed[-1].discarded == 1
