"""The three pure cores together: one shipment, whatever the order in which its messages arrive."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orestream.contracts.decimals import write_time
from orestream.contracts.decision import Domain, Ref
from orestream.contracts.lots import LotDespatched, LotHeld, LotReceived
from orestream.contracts.message import Command
from orestream.contracts.processing import BatchProcessed, LotProduced
from orestream.contracts.shipments import ShipmentRecalled, ShipmentRecallLifted
from orestream.export.app import build as export
from orestream.lots.state import InStock
from orestream.mining.app import build as mining
from orestream.processing.app import build as processing
from tests.support.desk import Desk
from tests.support.worlds import PureChain, Whim, parse

EXAMPLES = Path(__file__).parent.parent / "examples"
SEEDS = st.integers(0, 2**32 - 1)


@cache
def domains() -> tuple[Domain, ...]:
    return (mining(), processing(), export())


@cache
def commands() -> tuple[tuple[str, Command], ...]:
    lines = (EXAMPLES / "chain.jsonl").read_text().splitlines()
    return tuple(parse(json.loads(line)) for line in lines)


@cache
def expected() -> dict[str, dict[str, str]]:
    return dict(json.loads((EXAMPLES / "chain.expected.json").read_text()))


@cache
def in_file_order() -> PureChain:
    chain = PureChain(domains())
    chain.run(commands())
    return chain


def test_the_outcomes_in_file_order_are_those_expected() -> None:
    assert in_file_order().verdicts == expected()
    assert in_file_order().waiting == ()


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS)
def test_no_interleaving_of_keys_changes_an_outcome_a_fact_or_a_state(seed: int) -> None:
    chain = PureChain(domains(), Whim(seed))
    chain.run_interleaved(commands())
    assert chain.waiting == ()
    assert chain.verdicts == expected()
    assert chain.told == in_file_order().told
    assert chain.states == in_file_order().states


@cache
def aftermath() -> tuple[tuple[str, Command], ...]:
    """Holds, doubts and their ends, all after the ship has sailed."""
    desk, plant = Desk("after"), {"service": "processing"}
    held, ended = "2025-09-28T08:00:00Z", "2025-09-30T08:00:00Z"
    of_concentrate = desk.hold("CON-SB-0001", at=held, **plant)
    return (
        of_concentrate,
        desk.hold("LOT-SB-0001", "safety", at=held),
        desk.hold("LOT-SB-0001", "assay", certificate="SAH-25-1001", at=held),
        desk.hold("CON-SB-0001", "assay", certificate="SAH-25-1107", at=held, **plant),
        desk.assay("LOT-SB-0001", {"Sb": "80"}, "LATE", at=held, taken_at=held),
        desk.lift("LOT-SB-0002", "c-042", at=ended),
        desk.lift("CON-SB-0001", of_concentrate[1].command_id, at=ended, **plant),
        desk.release(lot_id="LOT-SB-0001", at=ended),
    )


@cache
def with_aftermath() -> PureChain:
    chain = PureChain(domains())
    chain.run([*commands(), *aftermath()])
    return chain


def test_each_hold_recalls_the_shipment_once_and_each_end_lifts_its_recall() -> None:
    chain = with_aftermath()
    assert {one.status for one in chain.outcomes.values() if one.command_id.startswith("after")} == {
        "accepted"
    }
    recalled = [one.hold_id for one in chain.facts_of("SHP-0001", ShipmentRecalled)]
    lifted = [one.hold_id for one in chain.facts_of("SHP-0001", ShipmentRecallLifted)]
    assert Counter(recalled) == Counter(["c-042", *(f"after-{number:04d}" for number in range(1, 6))])
    assert Counter(lifted) == Counter(["c-042", "after-0001", "after-0005"])


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS)
def test_holds_and_lifts_after_sailing_may_arrive_in_any_order(seed: int) -> None:
    chain = PureChain(domains(), Whim(seed))
    chain.run_interleaved([*commands(), *aftermath()])
    assert chain.waiting == ()
    assert chain.verdicts == with_aftermath().verdicts
    assert chain.told == with_aftermath().told
    assert chain.states == with_aftermath().states


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_sending_the_file_again_changes_nothing_and_gives_the_same_outcomes(seed: int) -> None:
    chain = PureChain(domains(), Whim(seed))
    chain.run_interleaved([*commands(), *commands()])
    assert chain.verdicts == expected()
    assert chain.told == in_file_order().told
    assert chain.states == in_file_order().states
    repeats = [one for service in chain.services.values() for one in service.answers if one.repeat]
    assert Counter(one.command_id for one in repeats) == Counter(expected().keys())


def test_the_facts_are_those_of_the_example_records_byte_by_byte() -> None:
    records = [json.loads(line) for line in (EXAMPLES / "records.jsonl").read_text().splitlines()]
    wanted = ("orestream.lot.mined.v1", "orestream.batch.processed.v1", "orestream.lot.produced.v1")
    shown = [one for one in records if one["headers"]["ce_type"] in wanted]
    written = {one.id: one for service in in_file_order().services.values() for one in service.facts}
    assert len(shown) == len(wanted)
    for record in shown:
        happened = written[record["headers"]["ce_id"]]
        assert happened.fact.write().decode() == json.dumps(record["value"], separators=(",", ":"))
        assert write_time(happened.time) == record["headers"]["ce_time"]
        assert happened.correlation_id == record["headers"]["ce_correlationid"]


def test_the_two_lots_are_used_up_in_processing() -> None:
    states = in_file_order().states
    for lot_id in ("LOT-SB-0001", "LOT-SB-0002"):
        lot = states["processing", Ref("lot", lot_id)]
        assert isinstance(lot, InStock)
        assert lot.stock_dry_kg == 0


def test_the_batch_balances_to_the_gram() -> None:
    (batch,) = in_file_order().facts_of("BATCH-0001", BatchProcessed)
    solids, antimony, arsenic, gold = (batch.balance[name] for name in ("solids", "Sb", "As", "Au"))
    figures = [
        (str(one.in_kg), str(one.out_kg), str(one.unaccounted_kg)) for one in (solids, antimony, arsenic)
    ]
    assert figures == [
        ("45125.600", "45121.950", "3.650"),
        ("2215.392", "2208.843", "6.549"),
        ("20.377", "20.363", "0.014"),
    ]
    assert [str(one.tolerance_kg) for one in (solids, antimony, arsenic)] == ["902.512", "44.308", "0.408"]
    assert str(antimony.recovery_pct) == "88.02"
    assert gold.verdict == "not-testable"


def test_the_concentrate_knows_its_parents_and_its_source() -> None:
    (born,) = in_file_order().facts_of("CON-SB-0001", LotProduced)
    assert [(one.lot_id, str(one.share)) for one in born.parents] == [
        ("LOT-SB-0001", "0.5157"),
        ("LOT-SB-0002", "0.4843"),
    ]
    assert [(one.country, one.source_id, str(one.share)) for one in born.origins] == [("PK", "SRC-SB-1", "1")]


@pytest.mark.parametrize(
    ("lot_id", "pct"), [("LOT-SB-0001", "0.05"), ("LOT-SB-0002", "0.06"), ("CON-SB-0001", "0.003")]
)
def test_what_was_lost_on_the_way_is_declared(lot_id: str, pct: str) -> None:
    (received,) = in_file_order().facts_of(lot_id, LotReceived)
    lost = -100 * received.difference_dry_kg / received.despatched_dry_kg
    places = len(pct.partition(".")[2])
    assert f"{lost:.{places}f}" == pct
    assert received.verdict == "transit-loss"


def test_the_last_hold_reaches_the_concentrate_and_its_tailings_and_recalls_the_shipment() -> None:
    chain = in_file_order()
    for lot_id in ("LOT-SB-0002", "CON-SB-0001", "TLS-SB-0001"):
        (held,) = chain.facts_of(lot_id, LotHeld)
        assert (held.hold_id, held.root) == ("c-042", "LOT-SB-0002")
    (recalled,) = chain.facts_of("SHP-0001", ShipmentRecalled)
    assert recalled.hold_id == "c-042"
    assert chain.facts_of("LOT-SB-0001", LotHeld) == []
    assert len(chain.facts_of("LOT-SB-0001", LotDespatched)) == 1
