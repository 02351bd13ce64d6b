"""A batch is taken whole, once, in order, or not at all."""

from orestream.chassis.intake.taken import Moved, Superseded
from orestream.contracts.topics import OUTCOMES
from orestream.contracts.wire import fact_id
from tests.support.branch import Branch
from tests.support.toy_domain import COMMANDS, MONEY, RATES, Tape, deposit, header, opening, rate, transfer


async def test_a_batch_moves_the_offsets_of_every_partition_in_it(branch: Branch) -> None:
    moved = await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.rates.fact(rate("EUR")),
        branch.commands.command(deposit("c-2", "A")),
    )

    assert moved.next_offsets == {(COMMANDS, 0): 2, (RATES, 0): 1}
    assert await branch.next_offset() == 2
    assert await branch.next_offset(RATES) == 1


async def test_a_later_record_of_a_batch_sees_what_an_earlier_one_changed(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(deposit("c-2", "A", "10")),
        branch.commands.command(opening("c-3", "B")),
        branch.commands.command(transfer("c-4", "A", "B", "7")),
        branch.commands.command(transfer("c-5", "A", "B", "7")),
    )

    assert await branch.finals() == {
        "c-1": "accepted",
        "c-2": "accepted",
        "c-3": "accepted",
        "c-4": "accepted",
        "c-5": "refused",
    }
    assert await branch.balance("A") == "3"


async def test_a_decision_sees_what_earlier_batches_changed(branch: Branch) -> None:
    await branch.take(branch.commands.command(opening("c-1", "A")))
    await branch.take(branch.commands.command(deposit("c-2", "A", "10")))
    await branch.take(branch.commands.command(deposit("c-3", "A", "0.50")))

    assert await branch.balance("A") == "10.50"


async def test_a_batch_taken_by_another_replica_is_superseded_and_has_no_effect(branch: Branch) -> None:
    late = branch.another()
    first, second = branch.commands.command(opening("c-1", "A")), branch.commands.command(deposit("c-2", "A"))
    await late.take([first], branch.places)
    await branch.take(first)
    await branch.take(second)

    taken = await late.take([second], branch.places)

    assert taken == Superseded(((COMMANDS, 0),))
    assert await branch.balance("A") == "10"


async def test_a_superseded_replica_goes_on_from_the_stored_offset(branch: Branch) -> None:
    late = branch.another()
    records = [branch.commands.command(opening("c-1", "A")), branch.commands.command(deposit("c-2", "A"))]
    await late.take(records[:1], branch.places)
    await branch.take(*records)
    assert isinstance(await late.take(records[1:], branch.places), Superseded)

    taken = await late.take([*records[1:], branch.commands.command(deposit("c-3", "A"))], branch.places)

    assert taken == Moved({(COMMANDS, 0): 3})
    assert await branch.balance("A") == "20"


async def test_records_below_the_stored_offset_are_left_out(branch: Branch) -> None:
    records = [branch.commands.command(opening("c-1", "A")), branch.commands.command(deposit("c-2", "A"))]
    await branch.take(*records)

    moved = await branch.take(*records)

    assert moved == Moved({(COMMANDS, 0): 2})
    assert [answer["command_id"] for answer in await branch.answers()] == ["c-1", "c-2"]


async def test_offsets_may_have_holes_where_transactions_ended(branch: Branch) -> None:
    first, second = branch.commands.command(opening("c-1", "A")), branch.commands.command(deposit("c-2", "A"))

    moved = await branch.take(first._replace(offset=3), second._replace(offset=7))

    assert moved.next_offsets == {(COMMANDS, 0): 8}


async def test_a_decision_is_published_whole_with_its_answer_last(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(deposit("c-2", "A")),
        branch.commands.command(opening("c-3", "B")),
        branch.commands.command(transfer("c-4", "A", "B", "4")),
    )

    rows = await branch.outbox()
    assert [(row.topic, row.decision_end) for row in rows[-3:]] == [
        (MONEY, False),
        (MONEY, False),
        (OUTCOMES, True),
    ]


async def test_the_same_input_gives_the_same_ids_whoever_decides_it(branch: Branch) -> None:
    await branch.take(branch.commands.command(opening("c-1", "A")))

    fact, answer = await branch.outbox()
    bank, cli = "/orestream/main/bank", "/orestream/main/cli"
    assert header(fact, "ce_id") == fact_id(bank, cli, "c-1", 0)
    assert header(answer, "ce_id") == fact_id(bank, cli, "c-1", 1)
    assert header(fact, "ce_causationid") == header(fact, "ce_correlationid") == "c-1"
    assert header(answer, "traceparent").startswith("00-")
    assert len(header(answer, "traceparent")) == 55


async def test_a_trace_goes_on_from_command_to_fact(branch: Branch) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    record = branch.commands.command(opening("c-1", "A"))
    traced = record._replace(
        headers=(*record.headers, ("traceparent", f"00-{trace}-00f067aa0ba902b7-01".encode()))
    )

    await branch.take(traced)

    fact, answer = await branch.outbox()
    assert header(fact, "traceparent").split("-")[1] == trace
    assert header(fact, "traceparent").split("-")[2] == header(fact, "ce_id").replace("-", "")[:16]
    assert header(answer, "traceparent").split("-")[1] == trace


async def test_another_services_fact_takes_effect_and_causes_facts(branch: Branch) -> None:
    await branch.take(branch.commands.command(opening("c-1", "A")))

    await branch.take(branch.rates.fact(rate("EUR", "3", bonus_to="A")))

    assert (await branch.states())["rate", "EUR"] == {"Rate": {"currency": "EUR", "rate": "3", "times": 1}}
    assert await branch.money() == [("A", "3")]
    caused = (await branch.outbox())[-1]
    assert header(caused, "ce_causationid") == f"{RATES}-0-1"
    assert header(caused, "ce_correlationid") == "because-1"


async def test_a_batch_that_publishes_nothing_leaves_the_outbox_alone(branch: Branch) -> None:
    await branch.take(branch.commands.command(opening("c-1", "A")))
    before = await branch.store.outbox_head()

    await branch.take(branch.rates.fact(rate("EUR")))

    assert await branch.store.outbox_head() == before


async def test_reading_never_raises_a_version(branch: Branch) -> None:
    await branch.take(
        branch.commands.command(opening("c-1", "A")), branch.commands.command(deposit("c-2", "A"))
    )
    before = await branch.version("account", "A")

    await branch.take(branch.commands.command(transfer("c-3", "A", "A", "99")))

    assert (await branch.finals())["c-3"] == "refused"
    assert await branch.version("account", "A") == before


async def test_an_absence_that_was_relied_on_leaves_a_placeholder(branch: Branch) -> None:
    await branch.take(branch.rates.fact(rate("EUR", bonus_to="NOBODY")))

    assert await branch.version("account", "NOBODY") == 0
    assert ("account", "NOBODY") not in await branch.states()


async def test_partitions_of_one_topic_move_apart(branch: Branch) -> None:
    other = Tape(partition=1)
    await branch.register(COMMANDS, 1)

    moved = await branch.take(
        branch.commands.command(opening("c-1", "A")),
        other.command(opening("c-2", "B")),
        other.command(deposit("c-3", "B")),
    )

    assert moved.next_offsets == {(COMMANDS, 0): 1, (COMMANDS, 1): 2}
