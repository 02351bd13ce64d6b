"""What a batch's streams weigh and hold, and how well that is known."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orestream.contracts.decision import Refused
from orestream.contracts.processing import BatchInput, InProcess, Loss, Reagent, Wip
from orestream.lots.results import DryResults
from orestream.lots.state import InStock
from orestream.lots.stock import draw
from orestream.lots.tables import PlantRules, load
from orestream.metallurgy.balance import Stream
from orestream.metallurgy.grades import Censored, Grade
from orestream.processing.domain.streams import Fed, in_elements, streams_of
from tests.support.plant import DAY_1, ORIGIN, STARTED, batch, fed, made, results

UNKNOWN = PlantRules()


def stream_of(wanted: BatchInput, moisture_pct: str = "0", plant: PlantRules = UNKNOWN) -> Stream:
    """The one input of a batch of nothing else, as a stream."""
    lot = InStock(
        id=wanted.lot_id,
        material="antimony-ore",
        mineral=None,
        stock_dry_kg=Decimal(1000),
        moisture_pct=Decimal(moisture_pct),
        entered_dry_kg=Decimal(1000),
        entered_at=DAY_1,
        results=(),
        certificates=(),
        origins=(ORIGIN,),
        synthetic=True,
    )
    drawn = draw(lot, [wanted.wet_kg], load().at(STARTED), wanted.moisture_pct)
    assert not isinstance(drawn, Refused)
    command = batch([wanted], [made("CON-1", "1.000")])
    return streams_of(command, [Fed(wanted, lot, drawn[0], DryResults())], plant)[0]


def test_an_input_is_dry_by_the_lots_moisture_unless_the_batch_states_its_own() -> None:
    assert stream_of(fed(), moisture_pct="10").dry_kg == Decimal("900.000")
    assert stream_of(fed(moisture_pct="5"), moisture_pct="10").dry_kg == Decimal("950.000")


def test_the_sigma_of_a_dry_mass_is_stated_or_the_plants_or_unknown() -> None:
    plant = PlantRules(scale_sigma_pct=Decimal("0.2"), moisture_sigma_pct=Decimal("0.3"))
    assert stream_of(fed()).sigma_dry_kg is None
    assert stream_of(fed(sigma_kg="2")).sigma_dry_kg is None
    assert stream_of(fed(sigma_kg="3", moisture_sigma_pct="0.4")).sigma_dry_kg == 5
    assert stream_of(fed(sigma_kg="4"), plant=plant).sigma_dry_kg == 5
    assert stream_of(fed(moisture_sigma_pct="0"), plant=plant).sigma_dry_kg == 2


def test_every_thing_that_entered_or_left_is_a_stream_and_nothing_weighs_nothing() -> None:
    command = batch(
        [fed()],
        [made("CON-1", "100.000"), made("TLS-1", "880.000", role="tailings")],
        reagents=[Reagent(name="lead nitrate", kg=Decimal(2), results=results({"Pb": "62.5"}))],
        losses=[Loss(cause="spill", dry_kg=Decimal(5)), Loss(cause="none", dry_kg=Decimal(0))],
        wip=Wip(opening=InProcess(dry_kg=Decimal(0)), closing=InProcess(dry_kg=Decimal(15))),
    )
    streams = streams_of(command, [], PlantRules(scale_sigma_pct=Decimal("0.5")))
    assert [(s.role, s.dry_kg, s.sigma_dry_kg) for s in streams] == [
        ("reagent", Decimal(2), Decimal("0.01")),
        ("product", Decimal(100), None),
        ("tailings", Decimal(880), None),
        ("loss", Decimal(5), None),
        ("wip-closing", Decimal(15), None),
    ]
    assert streams[0].grades == {"Pb": Grade(Decimal("62.5"), "%")}


def test_an_as_received_output_is_converted_with_its_own_moisture() -> None:
    command = batch([fed()], [made("CON-1", "100.000", {"Sb": "45"}, moisture_pct="10", basis="as-received")])
    product = streams_of(command, [], UNKNOWN)[0]
    assert (product.dry_kg, product.grades) == (Decimal("90.000"), {"Sb": Grade(Decimal(50), "%")})


def test_an_oxide_is_read_as_its_element_where_some_stream_states_the_element() -> None:
    oxide = Stream("input", Decimal(100), {"Nd2O3": Grade(Decimal(50), "%", Decimal(1))})
    censored = Stream("residue", Decimal(10), {"Nd2O3": Censored(Decimal(1), "%")})
    metal = Stream("product", Decimal(40), {"Nd": Grade(Decimal(99), "%")})
    as_metal = in_elements([oxide, censored, metal])
    assert as_metal[0].grades == {"Nd": Grade(Decimal("42.868"), "%", Decimal("0.85736"))}
    assert as_metal[1].grades == {"Nd": Censored(Decimal("0.85736"), "%")}
    assert as_metal[2] == metal
    assert in_elements([oxide, censored]) == [oxide, censored]


@pytest.mark.parametrize("also", ["Sb", "Sb2S3"])
def test_a_stream_with_two_forms_of_an_element_is_not_added_up(also: str) -> None:
    two = Stream("input", Decimal(100), {"Sb2O3": Grade(Decimal(10), "%"), also: Grade(Decimal(8), "%")})
    metal = Stream("product", Decimal(10), {"Sb": Grade(Decimal(99), "%")})
    found = in_elements([two, metal])[0].grades
    assert found == ({"Sb": Grade(Decimal(8), "%")} if also == "Sb" else {})
