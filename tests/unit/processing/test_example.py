"""Processing's part of the example: from the lots despatched by the mine to the concentrate despatched."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orestream.contracts.lots import LotDespatched, LotDrawn, LotHeld, LotReceived
from orestream.contracts.processing import BatchProcessed, LotProduced
from orestream.mining.app import build as build_mining
from orestream.processing.app import build as build_processing
from tests.support.worlds import PureChain, parse

EXAMPLES = Path(__file__).parents[2] / "examples"
RECORDS = [json.loads(line) for line in (EXAMPLES / "records.jsonl").read_text().splitlines()]
LINES = [json.loads(line) for line in (EXAMPLES / "chain.jsonl").read_text().splitlines()]
HERE = {f"c-{number:03d}" for number in (*range(1, 16), 42)}


@pytest.fixture(scope="module")
def chain() -> PureChain:
    """Mine and plant after the example's commands for them, in the order of the file."""
    chain = PureChain([build_mining(), build_processing()])
    chain.run(parse(line) for line in LINES if line["command_id"] in HERE)
    return chain


def record(subject: str, type_: str) -> dict[str, Any]:
    """The example's record about one thing."""
    (found,) = (r for r in RECORDS if r["key"] == subject and r["headers"]["ce_type"] == type_)
    return dict(found)


def compact(value: Any) -> str:
    """As it stands on the wire."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def only(facts: Iterable[Any]) -> Any:
    """The one fact there is."""
    (fact,) = facts
    return fact


def test_every_command_is_answered_as_expected(chain: PureChain) -> None:
    expected = json.loads((EXAMPLES / "chain.expected.json").read_text())
    assert chain.verdicts == {name: expected[name] for name in sorted(HERE)}
    assert chain.waiting == ()


@pytest.mark.parametrize(
    ("subject", "type_", "index"),
    [("BATCH-0001", BatchProcessed.TYPE, 0), ("CON-SB-0001", LotProduced.TYPE, 3)],
)
def test_batch_and_concentrate_are_told_byte_by_byte_as_in_the_record(
    chain: PureChain, subject: str, type_: str, index: int
) -> None:
    told = chain.outcomes["c-012"].facts[index]
    stands = record(subject, type_)
    assert told.fact.write().decode() == compact(stands["value"])
    assert (told.fact.key, type(told.fact).TYPE) == (subject, type_)
    assert told.id == stands["headers"]["ce_id"]
    assert told.source == stands["headers"]["ce_source"]
    assert told.time.isoformat().replace("+00:00", "Z") == stands["headers"]["ce_time"]


def test_the_batch_is_told_first_then_what_it_drew_then_what_it_made(chain: PureChain) -> None:
    assert [(type(one.fact), one.fact.key) for one in chain.outcomes["c-012"].facts] == [
        (BatchProcessed, "BATCH-0001"),
        (LotDrawn, "LOT-SB-0001"),
        (LotDrawn, "LOT-SB-0002"),
        (LotProduced, "CON-SB-0001"),
        (LotProduced, "TLS-SB-0001"),
    ]


@pytest.mark.parametrize(
    ("lot_id", "dry", "difference"),
    [("LOT-SB-0001", "23269.040", "-10.960"), ("LOT-SB-0002", "21856.560", "-13.440")],
)
def test_what_the_ore_lost_on_the_way_is_a_declared_loss(
    chain: PureChain, lot_id: str, dry: str, difference: str
) -> None:
    received = only(chain.facts_of(lot_id, LotReceived))
    assert (received.verdict, received.dry_kg) == ("transit-loss", Decimal(dry))
    assert received.difference_dry_kg == Decimal(difference)


@pytest.mark.parametrize(("lot_id", "dry"), [("LOT-SB-0001", "23269.040"), ("LOT-SB-0002", "21856.560")])
def test_both_lots_are_used_up(chain: PureChain, lot_id: str, dry: str) -> None:
    lot = chain.states["processing", ("lot", lot_id)]  # type: ignore[index]
    assert lot.stock_dry_kg == 0
    assert only(chain.facts_of(lot_id, LotDrawn)).dry_kg == Decimal(dry)


def test_the_concentrate_leaves_whole_with_its_assay_its_parents_and_its_source(chain: PureChain) -> None:
    left = only(chain.facts_of("CON-SB-0001", LotDespatched))
    assert (left.to, left.wet_kg, left.dry_kg) == ("export", Decimal("3615.000"), Decimal("3361.950"))
    assert [assay.certificate.number for assay in left.assays] == ["SAH-25-1107"]
    assert [(p.lot_id, str(p.share)) for p in left.parents] == [
        ("LOT-SB-0001", "0.5157"),
        ("LOT-SB-0002", "0.4843"),
    ]
    assert [(o.source_id, o.country, o.share) for o in left.origins] == [("SRC-SB-1", "PK", Decimal(1))]


def test_the_late_hold_of_an_ore_lot_reaches_concentrate_and_tailings(chain: PureChain) -> None:
    told = [one.fact for one in chain.services["processing"].facts if isinstance(one.fact, LotHeld)]
    assert [(held.lot_id, held.hold_id, held.root) for held in told] == [
        ("CON-SB-0001", "c-042", "LOT-SB-0002"),
        ("TLS-SB-0001", "c-042", "LOT-SB-0002"),
    ]
