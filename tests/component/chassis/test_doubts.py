"""Commits whose answer is lost: nothing is doubled, nothing is left out."""

import pytest

from orestream.chassis.errors import DatabaseUnavailable
from orestream.chassis.intake.taken import Moved, Superseded
from orestream.chassis.store.statement import plain
from tests.support.interleaving import BEFORE_COMMIT, BEFORE_VALIDATING, Stepwise
from tests.support.replicas import Replicas
from tests.support.toy_domain import COMMANDS, deposit, opening, rate


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
