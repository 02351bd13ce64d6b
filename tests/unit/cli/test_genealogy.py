"""The genealogy grows record by record, and comes out the same whatever order its records come in."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from orestream.chassis.records import Fetched
from orestream.cli.drawing import draw, pieces
from orestream.cli.family import ancestry, descent
from orestream.cli.genealogy import Genealogy
from orestream.cli.growing import grow
from orestream.contracts.lots import LotAssayed, LotDespatched, LotHeld, LotHoldLifted, LotSplit
from orestream.contracts.message import Fact
from orestream.contracts.mining import LotMined
from orestream.contracts.parts import Certificate, Origin, Parent, Result, Sample
from orestream.contracts.shipments import ShipmentRecalled, ShipmentRecallLifted
from orestream.contracts.topics import EXPORT_SHIPMENTS, MINING_LOTS, PROCESSING_LOTS
from orestream.contracts.wire import Envelope, encode, source_of
from orestream.export.app import build as export
from orestream.mining.app import build as mining
from orestream.processing.app import build as processing
from tests.support import chain
from tests.support.ledgers import records_of
from tests.support.story import story_records
from tests.support.worlds import SITE, PureChain, parse

START = datetime(2026, 1, 1, tzinfo=UTC)


def record(topic: str, fact: Fact, hours: float = 0) -> Fetched:
    """A fact as a service would publish it."""
    source = source_of(SITE, topic.split(".")[1])
    envelope = Envelope(
        f"{topic} {hours}", source, fact.TYPE, fact.key, START + timedelta(hours=hours), "c-1"
    )
    wire = encode(fact, envelope)
    return Fetched(topic, 0, 0, wire.key, wire.headers, wire.value, 0)


@cache
def example() -> tuple[Fetched, ...]:
    """The example shipment and the demo's story; then all holds and recalls are lifted but one hold."""
    commands = [parse(command) for command in chain.commands()]
    pure = PureChain((mining(), processing(), export()))
    pure.run(commands)
    records = [*records_of(pure, commands), *story_records()]
    lifts = [lifted for one in records if (lifted := _lift_of(one)) is not None]
    lifts.sort(key=lambda one: one.topic)
    assert {one.topic for one in lifts} == {MINING_LOTS, PROCESSING_LOTS, EXPORT_SHIPMENTS}
    return (*records, *lifts[:-1])


def _lift_of(one: Fetched) -> Fetched | None:
    type_ = dict(one.headers)["ce_type"].decode()
    if type_ == LotHeld.TYPE:
        held = LotHeld.read(one.value or b"")
        told = held.model_dump(include={"lot_id", "hold_id", "kind", "root", "reason", "by", "occurred_at"})
        return record(one.topic, LotHoldLifted(**told, authority="manager"))
    if type_ == ShipmentRecalled.TYPE:
        recalled = ShipmentRecalled.read(one.value or b"")
        told = recalled.model_dump(include=set(ShipmentRecallLifted.model_fields))
        return record(one.topic, ShipmentRecallLifted(**told))
    return None


def grown(records: Sequence[Fetched]) -> Genealogy:
    graph = Genealogy()
    for one in records:
        grow(graph, one)
    return graph


def families(graph: Genealogy) -> dict[str, str]:
    """Everything that can be asked of it, as it would be printed."""
    found = {f"{lot} down": "".join(pieces(descent(graph, lot))) for lot in graph.lots}
    found |= {f"{one} up": "".join(pieces(ancestry(graph, one))) for one in (*graph.lots, *graph.shipments)}
    return found


def shuffled(records: Sequence[Fetched], chance: Random) -> list[Fetched]:
    """In any order that keeps the records of one key on one topic in theirs, as a partition does."""
    queues: dict[tuple[str, bytes | None], list[Fetched]] = {}
    for one in records:
        queues.setdefault((one.topic, one.key), []).append(one)
    turns = [key for key, queue in queues.items() for _ in queue]
    chance.shuffle(turns)
    ahead = {key: iter(queue) for key, queue in queues.items()}
    return [next(ahead[key]) for key in turns]


@given(st.randoms(use_true_random=False))
def test_every_order_of_the_records_makes_the_same_families(chance: Random) -> None:
    assert families(grown(shuffled(example(), chance))) == families(grown(example()))


def test_what_is_lifted_is_over_though_its_lift_is_read_first() -> None:
    before_lifts = [one for one in example() if b"-lifted." not in dict(one.headers)["ce_type"]]
    assert recalled(grown(before_lifts)) == {"SHP-0001"}
    for graph in (grown(example()), grown(example()[::-1])):
        assert sum(graph.held(lot) for lot in graph.lots) == 1
        assert not recalled(graph)


def recalled(graph: Genealogy) -> set[str]:
    return {one for one in graph.shipments if next(ancestry(graph, one)).held}


def assayed(lot_id: str, sb: str, days: int) -> LotAssayed:
    at = START + timedelta(days=days)
    return LotAssayed(
        lot_id=lot_id,
        certificate=Certificate(number=f"C-{days}", laboratory="lab", accredited=True, issued_at=at),
        sample=Sample(id=f"S-{days}", taken_at=at),
        basis="dry",
        results=(Result(analyte="Sb", value=sb, unit="%"),),
    )


def test_metal_is_by_the_latest_sample_whichever_topic_is_read_first() -> None:
    early = record(MINING_LOTS, assayed("LOT-1", "5.00", 1))
    late = record(PROCESSING_LOTS, assayed("LOT-1", "4.00", 2))
    for order in ([early, late], [late, early]):
        assert grown(order).metals("LOT-1", Decimal(100)) == {"Sb": Decimal("4.000")}


ORIGINS = (
    Origin(source_id="SRC-1", name="Mine", country="PK", licence="L", operator="Op", share=Decimal(1)),
)
TONNE = Decimal(1000)


def mined(lot_id: str) -> LotMined:
    return LotMined(
        lot_id=lot_id,
        material="antimony-ore",
        tickets=(),
        wet_kg=TONNE,
        moisture_pct=Decimal(0),
        dry_kg=TONNE,
        origins=ORIGINS,
    )


def split(parent: str, lot_id: str) -> LotSplit:
    return LotSplit(
        lot_id=lot_id,
        material="antimony-ore",
        wet_kg=TONNE,
        moisture_pct=Decimal(0),
        dry_kg=TONNE,
        parents=(Parent(lot_id=parent, dry_kg=TONNE, share=Decimal(1)),),
        origins=ORIGINS,
    )


def despatched(lot_id: str, sb: str) -> LotDespatched:
    return LotDespatched(
        lot_id=lot_id,
        to="export",
        destination="port",
        material="antimony-ore",
        wet_kg=TONNE,
        moisture_pct=Decimal(0),
        dry_kg=TONNE,
        results=(Result(analyte="Sb", value=sb, unit="%"),),
        origins=ORIGINS,
    )


def test_without_a_sample_metal_is_by_the_first_despatch_whichever_topic_is_read_first() -> None:
    from_mine = record(MINING_LOTS, despatched("LOT-1", "3.00"))
    from_plant = record(PROCESSING_LOTS, despatched("LOT-1", "2.00"))
    for order in ([from_mine, from_plant], [from_plant, from_mine]):
        assert grown(order).metals("LOT-1", Decimal(100)) == {"Sb": Decimal("3.000")}


def test_children_are_drawn_by_age_and_those_of_one_time_by_their_numbers() -> None:
    births = [split("LOT", "LOT-10"), split("LOT", "LOT-2"), split("LOT", "LOT-11")]
    born = [record(MINING_LOTS, birth, hours=1) for birth in births]
    older = record(MINING_LOTS, split("LOT", "LOT-99"), hours=0.5)
    graph = grown([*born, older, record(MINING_LOTS, mined("LOT"))])
    assert [one.id for one in descent(graph, "LOT")] == ["LOT", "LOT-99", "LOT-2", "LOT-10", "LOT-11"]


def test_five_thousand_generations_of_splits_are_drawn() -> None:
    last = 5_000
    births = [mined("LOT-0"), *(split(f"LOT-{n}", f"LOT-{n + 1}") for n in range(last))]
    graph = grown([record(MINING_LOTS, birth, hours=n) for n, birth in enumerate(births)])
    up = list(ancestry(graph, f"LOT-{last}"))
    assert [one.id for one in up[-2:]] == ["LOT-0", "SRC-1"]
    assert up[-1].generation == last + 1
    text = "".join(pieces(descent(graph, "LOT-0")))
    assert text.count("[") == text.count("]") == last
    out = io.StringIO()
    draw(Console(file=out, width=100), descent(graph, "LOT-0"), "went into")
    lines = out.getvalue().splitlines()
    assert lines[2].startswith("    └── LOT-2")
    assert lines[-1] == f"{last}: LOT-{last}  antimony-ore, split  1,000.000 kg dry  100.00 %"


def test_what_does_not_decode_tells_nothing_and_what_is_of_another_type_neither() -> None:
    good = record(MINING_LOTS, mined("LOT-1"))
    junk = good._replace(key=b"LOT-2"), good._replace(value=None), good._replace(headers=())
    other = replace_type(good, b"orestream.lot.admired.v1")
    assert not grown([*junk, other]).lots
    assert set(grown([*junk, other, good]).lots) == {"LOT-1"}


def replace_type(one: Fetched, type_: bytes) -> Fetched:
    return one._replace(
        headers=tuple((name, type_ if name == "ce_type" else value) for name, value in one.headers)
    )
