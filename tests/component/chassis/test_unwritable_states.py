"""A state that no database can hold is a failing decision, not a batch that never ends."""

from typing import Any

from orestream.contracts.decision import Happened, Ref
from tests.support.branch import Branch
from tests.support.toy_domain import Bank, Rate, deposit, opening, rate

NO_TEXT = "\ud800"
"""Half of a pair: it has no UTF-8."""


class Scribe(Bank):
    """Writes what cannot be written into some accounts, and into the rate of XXX."""

    def evolve(self, ref: Ref, state: Any, happened: Happened) -> Any:
        after = super().evolve(ref, state, happened)
        if isinstance(after, Rate):
            return Rate(NO_TEXT, after.rate) if after.currency == "XXX" else after
        return type(after)(NO_TEXT, after.balance, after.opened) if ref.id == "BAD" else after


async def test_a_fact_that_leaves_an_unwritable_state_is_parked_and_the_rest_of_its_batch_taken(
    branch: Branch,
) -> None:
    branch.intake = branch.another(Scribe())

    await branch.take(branch.rates.fact(rate("XXX")), branch.rates.fact(rate("EUR")))

    (parked,) = await branch.store.parked_list()
    assert (parked.key, parked.attempts) == ("XXX", 3)
    assert "cannot be stored" in parked.reason
    assert ("rate", "EUR") in await branch.states()


async def test_a_command_that_leaves_an_unwritable_state_is_refused_and_others_are_decided(
    branch: Branch,
) -> None:
    branch.intake = branch.another(Scribe())

    await branch.take(
        branch.commands.command(opening("c-1", "A")),
        branch.commands.command(opening("c-2", "BAD")),
        branch.commands.command(deposit("c-3", "A")),
    )

    assert await branch.finals() == {"c-1": "accepted", "c-2": "refused", "c-3": "accepted"}
