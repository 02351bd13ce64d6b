"""The intake checks the sequences of the facts it reads, as any subscriber may."""

from orestream.chassis.intake.taken import Halt
from orestream.chassis.records import Fetched
from tests.support.branch import Branch
from tests.support.toy_domain import RATES, TREASURY, Tape, opening, rate

MINT = "/orestream/main/mint"


def unknown(record: Fetched) -> Fetched:
    """The record as a type that nobody here knows."""
    newer = {"ce_type": b"toy.rate.abolished.v1", "ce_dataschema": b"urn:toy:rate:abolished:v1"}
    return record._replace(headers=tuple((name, newer.get(name, value)) for name, value in record.headers))


def without_sequence(record: Fetched) -> Fetched:
    return record._replace(headers=tuple(pair for pair in record.headers if pair[0] != "ce_sequence"))


async def rates(branch: Branch) -> dict[str, int]:
    """How often each rate has been set."""
    states = await branch.states()
    return {id_: state["Rate"]["times"] for (kind, id_), state in states.items() if kind == "rate"}


async def test_a_fact_that_is_there_twice_counts_once(branch: Branch) -> None:
    await branch.take(branch.rates.fact(rate("EUR"), sequence=1))

    await branch.take(branch.rates.fact(rate("EUR"), sequence=1), branch.rates.fact(rate("EUR"), sequence=2))

    assert await rates(branch) == {"EUR": 2}
    assert branch.committed[-1].repeated == 1
    assert await branch.next_offset(RATES) == 3


async def test_a_fact_twice_in_one_batch_counts_once(branch: Branch) -> None:
    await branch.take(branch.rates.fact(rate("EUR"), sequence=1), branch.rates.fact(rate("EUR"), sequence=1))

    assert await rates(branch) == {"EUR": 1}


async def test_a_repeat_of_what_was_parked_is_not_parked_again(branch: Branch) -> None:
    await branch.take(branch.rates.fact(rate("EUR"), sequence=1, value=b"{"))

    await branch.take(branch.rates.fact(rate("EUR"), sequence=1, value=b"{"))

    assert len(await branch.store.parked_list()) == 1


async def test_a_hole_halts_its_partition_alone(branch: Branch) -> None:
    other = Tape(RATES, partition=1)
    await branch.register(RATES, 1)

    moved = await branch.take(
        branch.rates.fact(rate("EUR"), sequence=1),
        branch.commands.command(opening("c-1", "A")),
        branch.rates.fact(rate("EUR"), sequence=4),
        other.fact(rate("USD")),
        branch.rates.fact(rate("EUR"), sequence=5),
        branch.commands.command(opening("c-2", "B")),
    )

    why = f"{TREASURY} goes from sequence 1 to 4: 2 facts are lost"
    (halt,) = moved.halted
    assert (halt.topic, halt.partition, halt.offset, halt.why) == (RATES, 0, 1, why)
    assert await rates(branch) == {"EUR": 1, "USD": 1}
    assert await branch.finals() == {"c-1": "accepted", "c-2": "accepted"}
    assert await branch.next_offset(RATES) == 1
    assert await branch.next_offset(RATES, 1) == 1


async def test_a_halt_names_key_and_correlation_of_the_record_it_stands_before(branch: Branch) -> None:
    moved = await branch.take(branch.rates.fact(rate("EUR"), sequence=2))

    assert moved.halted == (
        Halt(RATES, 0, 0, f"{TREASURY} goes from sequence 0 to 2: 1 facts are lost", "EUR", "because-2"),
    )


async def test_holes_in_two_partitions_halt_both(branch: Branch) -> None:
    other = Tape(RATES, partition=1)
    await branch.register(RATES, 1)

    moved = await branch.take(
        branch.rates.fact(rate("EUR"), sequence=2),
        other.fact(rate("USD"), sequence=7),
        branch.commands.command(opening("c-1", "A")),
    )

    assert [(halt.topic, halt.partition, halt.offset) for halt in moved.halted] == [
        (RATES, 0, 0),
        (RATES, 1, 0),
    ]
    assert await branch.finals() == {"c-1": "accepted"}


async def test_a_partition_goes_on_when_the_hole_is_filled(branch: Branch) -> None:
    second = branch.rates.fact(rate("EUR"), sequence=2)
    await branch.take(second)

    moved = await branch.take(
        branch.rates.fact(rate("EUR"), sequence=1)._replace(offset=0), second._replace(offset=1)
    )

    assert moved.halted == ()
    assert await rates(branch) == {"EUR": 2}


async def test_a_topic_read_from_its_beginning_begins_with_the_first(branch: Branch) -> None:
    moved = await branch.take(branch.rates.fact(rate("EUR"), sequence=3))

    assert [halt.offset for halt in moved.halted] == [0]
    assert await rates(branch) == {}


async def test_a_topic_read_from_further_on_begins_anywhere(branch: Branch) -> None:
    late = Tape(RATES, partition=1, next_offset=40, next_sequence=41)
    await branch.register(RATES, 1, at=40)

    moved = await branch.take(
        late.fact(rate("EUR")), late.fact(rate("EUR")), late.fact(rate("EUR"), sequence=44)
    )

    assert await rates(branch) == {"EUR": 2}
    assert [halt.offset for halt in moved.halted] == [42]


async def test_each_source_counts_for_itself(branch: Branch) -> None:
    moved = await branch.take(
        branch.rates.fact(rate("EUR"), sequence=1),
        branch.rates.fact(rate("EUR"), sequence=1, source=MINT),
        branch.rates.fact(rate("EUR"), sequence=2, source=MINT),
        branch.rates.fact(rate("EUR"), sequence=2),
    )

    assert moved.halted == ()
    assert await rates(branch) == {"EUR": 4}


async def test_a_type_nobody_knows_is_skipped_counted_and_keeps_its_place_in_the_sequence(
    branch: Branch,
) -> None:
    moved = await branch.take(
        branch.rates.fact(rate("EUR")),
        unknown(branch.rates.fact(rate("EUR"))),
        branch.rates.fact(rate("EUR")),
    )

    assert moved.halted == ()
    assert branch.committed[-1].skipped == {"toy.rate.abolished.v1": 1}
    assert await rates(branch) == {"EUR": 2}


async def test_a_type_nobody_knows_after_a_hole_halts_too(branch: Branch) -> None:
    moved = await branch.take(
        branch.rates.fact(rate("EUR")), unknown(branch.rates.fact(rate("EUR"), sequence=3))
    )

    assert [halt.offset for halt in moved.halted] == [1]


async def test_a_fact_without_a_readable_sequence_is_parked_and_excuses_one_missing_number(
    branch: Branch,
) -> None:
    moved = await branch.take(
        branch.rates.fact(rate("EUR")),
        without_sequence(branch.rates.fact(rate("GBP"))),
        branch.rates.fact(rate("EUR")),
    )
    assert moved.halted == ()
    assert [parked.key for parked in await branch.store.parked_list()] == ["GBP"]
    assert await rates(branch) == {"EUR": 2}

    moved = await branch.take(branch.rates.fact(rate("EUR"), sequence=5))

    assert [halt.offset for halt in moved.halted] == [3]
