"""The demo's story comes out as its file says, whatever the order in which its messages arrive."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from orestream.cli.demo.scenario import Scenario, scenario
from orestream.contracts.decision import Domain
from orestream.contracts.processing import BatchQuarantined
from orestream.contracts.shipments import ShipmentDispatched
from orestream.export.app import build as export
from orestream.mining.app import build as mining
from orestream.processing.app import build as processing
from tests.support.worlds import PureChain, Whim


@cache
def domains() -> tuple[Domain, ...]:
    return (mining(), processing(), export())


def played(story: Scenario) -> PureChain:
    chain = PureChain(domains())
    chain.run([(checked.service, checked.command) for checked in story.commands])
    return chain


def test_every_command_has_the_outcome_that_is_written_beside_it() -> None:
    story = scenario()
    assert played(story).verdicts == story.outcomes


def test_it_includes_everything_that_can_go_wrong_and_is_handled() -> None:
    story = scenario()
    chain = played(story)
    answers = [answer for service in chain.services.values() for answer in service.answers]
    assert {answer.command_id for answer in answers if answer.status == "waiting"} >= story.waited
    assert any(answer.repeat for answer in answers)
    quarantined = [
        one.fact for one in chain.services["processing"].facts if isinstance(one.fact, BatchQuarantined)
    ]
    assert {fact.batch_id for fact in quarantined} == story.quarantined
    rules = {outcome.get("rule") for outcome in story.outcomes.values()}
    assert rules >= {"R02", "R03", "R07", "R16", "R17", "R30"}


def test_the_shipment_is_mixed_from_three_mines() -> None:
    (sailed,) = played(scenario()).facts_of("SHP-901", ShipmentDispatched)
    assert {lot.material for lot in sailed.lots} == {
        *("stibnite-concentrate", "copper-concentrate", "ree-mineral-concentrate")
    }
    assert {origin.source_id for lot in sailed.lots for origin in lot.origins} == {
        *("SRC-SB-9", "SRC-CU-9", "SRC-RE-9")
    }
    contained = {element for lot in sailed.lots for element in lot.contained_kg}
    assert contained >= {"Sb", "Cu", "Nd2O3", "Pr6O11"}
    assert sailed.synthetic


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_its_outcomes_do_not_depend_on_the_order_of_different_keys(seed: int) -> None:
    story = scenario()
    chain = PureChain(domains(), Whim(seed))
    chain.run_interleaved([(checked.service, checked.command) for checked in story.commands])
    assert chain.verdicts == story.outcomes


def test_with_a_mark_it_can_be_played_beside_itself() -> None:
    one, other = scenario("-a"), scenario("-b")
    chain = PureChain(domains())
    chain.run([(checked.service, checked.command) for story in (one, other) for checked in story.commands])
    assert chain.verdicts == {**one.outcomes, **other.outcomes}
    assert {key.split("-")[-1] for key in one.outcomes} == {"a"}


def test_its_stages_are_all_its_commands_in_order() -> None:
    story = scenario()
    assert [stage.commands[0].file.rsplit("/", 1)[-1][0] for stage in story.stages] == list("123456")
    assert len({checked.command.command_id for checked in story.commands}) == len(story.outcomes)
    assert len(story.commands) == len(story.outcomes) + 1  # one is sent twice
