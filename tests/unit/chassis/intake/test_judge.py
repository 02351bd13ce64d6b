"""The pure part is run until it has what it asks for, and changes nothing unless all of it went well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from orestream.chassis.intake.judge import Misdecided, judge
from orestream.chassis.intake.setup import IntakeLimits, Setup
from orestream.chassis.intake.states import StateCodec
from orestream.chassis.intake.view import ID_LENGTH, Behind, Unloaded, Unreadable, View
from orestream.chassis.intake.writer import MAX_DECISION_BYTES, MAX_FACTS, Cause, TooLarge, Writer
from orestream.contracts.decision import (
    Accepted,
    Asked,
    Decision,
    Happened,
    Incoming,
    Ref,
    Refused,
    Waits,
    World,
)
from tests.support.toy_domain import (
    COMMANDS,
    PARTITIONS,
    SERVICE,
    SITE,
    WHEN,
    Account,
    Bank,
    Deposited,
    RateSet,
    decode,
    deposit,
    opening,
    rate,
    topic_of,
    transfer,
)

A, B, EUR = Ref("account", "A"), Ref("account", "B"), Ref("rate", "EUR")
CAUSE = Cause("c-1", "/orestream/main/cli", WHEN, "c-1")


def account(name: str, balance: str = "0") -> Account:
    return Account(name, Decimal(balance), WHEN)


def setup(domain: Any = None) -> Setup:
    domain = domain or Bank()
    writer = Writer(SERVICE, SITE, PARTITIONS, topic_of=topic_of)
    return Setup(domain, decode, COMMANDS, writer, StateCodec(domain.states), IntakeLimits())


def asked(command: Any) -> Asked:
    return Asked(command, command.command_id)


def happened(fact: RateSet) -> Happened:
    return Happened(fact, WHEN, "/orestream/main/treasury", "f-1", "c-1")


def test_what_is_missing_is_named_all_at_once() -> None:
    with pytest.raises(Unloaded) as unloaded:
        judge(setup(), asked(transfer("c-1", "A", "B")), CAUSE, {}, ())

    assert set(unloaded.value.refs) == {A, B}


class Following(Bank):
    """Looks from one account to the next, and cannot bear that one is absent."""

    def decide(self, incoming: Incoming, world: World) -> Decision:  # noqa: ARG002 - whatever is asked
        first = world.get("account", "A")
        second = world.get("account", "B")
        assert first is not None
        return Accepted((Deposited(account_id="A", amount=second.balance),))  # type: ignore[union-attr] # so it is


def test_what_is_said_or_raised_of_a_world_with_gaps_does_not_count() -> None:
    for loaded in ({}, {A: account("A")}):
        with pytest.raises(Unloaded) as unloaded:
            judge(setup(Following()), asked(opening("c-1", "A")), CAUSE, loaded, ())
        assert set(unloaded.value.refs) == {A, B} - loaded.keys()

    with pytest.raises(AssertionError):
        judge(setup(Following()), asked(opening("c-1", "A")), CAUSE, {A: None, B: account("B")}, ())


def test_what_is_parked_blocks_only_whoever_asks_for_it_in_a_world_without_gaps() -> None:
    with pytest.raises(Unloaded):
        judge(setup(Following()), asked(opening("c-1", "A")), CAUSE, {}, {"B"})
    with pytest.raises(Behind):
        judge(setup(Following()), asked(opening("c-1", "A")), CAUSE, {A: None}, {"B"})


def test_what_the_facts_change_has_to_be_loaded_too() -> None:
    with pytest.raises(Unloaded) as unloaded:
        judge(setup(), happened(rate("EUR")), CAUSE, {}, ())

    assert list(unloaded.value.refs) == [EUR]


def test_a_decision_remembers_all_it_read_absences_and_changes_included() -> None:
    judged = judge(setup(), happened(rate("EUR", bonus_to="A")), CAUSE, {A: None, EUR: None}, ())

    assert set(judged.asked) == {A, EUR}


def test_what_is_waited_for_counts_as_read() -> None:
    judged = judge(setup(), asked(transfer("c-1", "A", "B")), CAUSE, {A: account("A"), B: None}, ())

    assert judged.needs == {B}
    assert set(judged.asked) == {A, B}


def test_the_incoming_fact_is_folded_before_what_follows_from_it() -> None:
    @dataclass
    class Watched(Bank):
        """Notes what is folded when."""

        order: list[str] = field(default_factory=list)

        def evolve(self, ref: Ref, state: Any | None, happened: Happened) -> Any:
            self.order.append(type(happened.fact).__name__)
            return super().evolve(ref, state, happened)

    domain = Watched()
    judge(setup(domain), happened(rate("EUR", bonus_to="A")), CAUSE, {A: account("A"), EUR: None}, ())

    assert domain.order == ["RateSet", "Deposited"]


def test_facts_of_one_decision_fold_one_after_another() -> None:
    states: Mapping[Ref, Any] = {A: account("A", "10"), B: account("B")}

    judged = judge(setup(), asked(transfer("c-1", "A", "A", "4")), CAUSE, states, ())

    assert judged.states[A].balance == 10
    assert states[A] == account("A", "10"), "what was loaded stays as it was"


@pytest.mark.parametrize("command", [deposit("c-1", "A"), opening("c-1", "A")])
def test_whatever_reads_a_parked_key_stops_there(command: Any) -> None:
    with pytest.raises(Behind) as behind:
        judge(setup(), asked(command), CAUSE, {A: account("A")}, {"A"})

    assert behind.value.key == "A"


def test_what_would_change_a_parked_key_stops_too() -> None:
    with pytest.raises(Behind):
        judge(setup(), happened(rate("EUR")), CAUSE, {EUR: None}, {"EUR"})


def test_a_decision_brings_what_it_changes_and_only_if_it_happens() -> None:
    accepted = judge(setup(), asked(deposit("c-1", "A")), CAUSE, {A: account("A")}, ())
    refused = judge(setup(), asked(deposit("c-1", "A", "-1")), CAUSE, {A: account("A")}, ())

    assert accepted.brings({A})
    assert not accepted.brings({B})
    assert not refused.brings({A})


@dataclass
class Deciding(Bank):
    """Gives one decision to everything."""

    decision: Decision = field(default_factory=Accepted)

    def decide(self, incoming: Incoming, world: World) -> Decision:  # noqa: ARG002 - whatever is asked
        return self.decision


@pytest.mark.parametrize("decision", [Refused("R03", "no"), Waits((A,), "later")])
def test_a_fact_has_happened_and_can_only_be_accepted(decision: Decision) -> None:
    with pytest.raises(Misdecided):
        judge(setup(Deciding(decision=decision)), happened(rate("EUR")), CAUSE, {EUR: None}, ())


def test_waiting_for_nothing_is_a_fault() -> None:
    with pytest.raises(Misdecided):
        judge(setup(Deciding(decision=Waits((), "just so"))), asked(opening("c-1", "A")), CAUSE, {}, ())


def test_a_refusals_facts_happen_all_the_same() -> None:
    decision = Refused("R03", "no", facts=(Deposited(account_id="A", amount=Decimal(1)),))

    judged = judge(
        setup(Deciding(decision=decision)), asked(opening("c-1", "A")), CAUSE, {A: account("A")}, ()
    )

    assert judged.states[A].balance == 1
    assert len(judged.entries) == 1
    assert not judged.brings({A})


@pytest.mark.parametrize(
    "facts",
    [
        (Deposited(account_id="A", amount=Decimal(1)),) * (MAX_FACTS + 1),
        (Deposited(account_id="A", amount=Decimal(1), note="x" * (MAX_DECISION_BYTES // 5)),) * 6,
    ],
)
def test_a_decision_beyond_the_limits_is_none(facts: tuple[Deposited, ...]) -> None:
    with pytest.raises(TooLarge):
        judge(
            setup(Deciding(decision=Accepted(facts))),
            asked(opening("c-1", "A")),
            CAUSE,
            {A: account("A")},
            (),
        )


@pytest.mark.parametrize("id_", ["with\x00nul", "x" * (ID_LENGTH + 1)])
def test_an_id_that_no_database_holds_is_a_fault_of_its_record_alone(id_: str) -> None:
    with pytest.raises(Unreadable):
        View({}, ()).get("account", id_)
    with pytest.raises(Unreadable):
        View({}, ()).get_all("account", [id_])


def test_get_all_gives_what_exists() -> None:
    view = View({A: account("A"), B: None}, ())

    assert view.get_all("account", ["A", "B"]) == {"A": account("A")}
    assert view.asked == {A, B}
