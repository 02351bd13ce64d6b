"""What another service's facts bring: kinship in any order, holds told on, ids given twice."""

from __future__ import annotations

from decimal import Decimal

from orestream.contracts.decision import Accepted, Asked, Happened, Ref
from orestream.contracts.lots import LotBlended, LotHeld, LotHoldLifted
from orestream.contracts.message import Fact
from orestream.contracts.mining import LotMined
from orestream.contracts.parts import Origin, Parent
from orestream.contracts.processing import LotProduced
from orestream.lots.genealogy import ancestors, descendants, holds_in_force
from orestream.mining.app import build as mining
from orestream.processing.app import build
from tests.support.desk import START, Desk
from tests.support.loading import loading
from tests.support.worlds import MemoryWorld, PureService

ORIGIN = Origin(
    source_id="SRC-1", name="Mine", country="PK", licence="SYN-1", operator="Cooperative", share=Decimal(1)
)


def born(lot_id: str, *parents: str) -> LotMined | LotBlended:
    shared = {
        "lot_id": lot_id,
        "material": "antimony-ore",
        "wet_kg": Decimal(100),
        "moisture_pct": Decimal(0),
        "dry_kg": Decimal(100),
        "origins": (ORIGIN,),
    }
    if not parents:
        return LotMined(tickets=(), **shared)
    of = [Parent(lot_id=one, dry_kg=Decimal(1), share=Decimal(1)) for one in parents]
    return LotBlended(parents=tuple(of), **shared)


def held(lot_id: str, hold_id: str = "H", root: str = "A") -> LotHeld:
    return LotHeld(
        lot_id=lot_id,
        hold_id=hold_id,
        kind="hold",
        cause="origin",
        root=root,
        reason="in doubt",
        by="quality",
        occurred_at=START,
    )


def told(*facts: Fact, service: PureService | None = None) -> tuple[PureService, list[Fact]]:
    """The plant after these facts of the mine, and what it told because of them."""
    plant = service or PureService(build())
    answers = [
        one.fact
        for number, fact in enumerate(facts)
        for one in plant.receive(
            Happened(fact, START, "/orestream/main/mining", f"f-{fact.key}-{number}", "c")
        )
    ]
    return plant, answers


def test_ancestors_are_found_generation_by_generation_and_the_unknown_named() -> None:
    plant, _ = told(born("D", "C"), born("C", "A", "B"), born("B"))
    found = ancestors(MemoryWorld(plant.states), "D")
    assert sorted(found.kin) == ["A", "B", "C", "D"]
    assert found.unknown == ("A",)


def test_descendants_are_found_whatever_order_the_births_came_in() -> None:
    births = [born("A"), born("B"), born("C", "A", "B"), born("D", "C"), born("E", "B")]
    for order in (births, births[::-1]):
        plant, _ = told(*order)
        assert descendants(MemoryWorld(plant.states), "A") == ("C", "D")
        assert descendants(MemoryWorld(plant.states), "B") == ("C", "E", "D")


def test_a_cycle_that_colliding_ids_have_made_is_walked_once() -> None:
    plant, _ = told(born("A", "B"), born("B", "A"))
    assert sorted(ancestors(MemoryWorld(plant.states), "A").kin) == ["A", "B"]
    assert descendants(MemoryWorld(plant.states), "A") == ("B",)


def test_whether_a_lot_is_held_waits_until_all_it_was_made_of_is_known() -> None:
    plant, _ = told(held("A"), born("D", "C"))
    world = MemoryWorld(plant.states)
    assert getattr(holds_in_force(world, "D", START), "needs", None) == (Ref("kin", "C"),)
    told(born("C", "A"), service=plant)
    assert getattr(holds_in_force(world, "D", START), "needs", None) == (Ref("kin", "A"),)
    told(born("A"), service=plant)
    assert [hold.id for hold in holds_in_force(world, "D", START)] == ["H"]  # type: ignore[union-attr]


def own_product(plant: PureService, lot_id: str, *parents: str) -> None:
    """A lot born in the plant, as if its batch had run."""
    of = tuple(Parent(lot_id=one, dry_kg=Decimal(1), share=Decimal(1)) for one in parents)
    fact = LotProduced(
        lot_id=lot_id,
        batch_id="BATCH",
        role="product",
        material="stibnite-concentrate",
        wet_kg=Decimal(10),
        moisture_pct=Decimal(0),
        dry_kg=Decimal(10),
        parents=of,
        origins=(ORIGIN,),
    )
    happened = Happened(fact, START, "/orestream/main/processing", "own", "c")
    for ref in plant.domain.changes(happened):
        plant.states[ref] = plant.domain.evolve(ref, plant.states.get(ref), happened)


def test_a_hold_is_told_on_to_what_was_born_here_however_its_kinship_becomes_known() -> None:
    plant, _ = told(born("C", "B"))
    own_product(plant, "CON", "C")
    _, first = told(held("A"), born("A"), service=plant)
    _, linked = told(born("B", "A"), service=plant)
    _, again = told(held("B"), held("C"), service=plant)
    assert (first, again) == ([], [])
    assert [(type(fact), fact.key) for fact in linked] == [(LotHeld, "CON")]


def test_one_id_for_two_lots_quarantines_whatever_bears_it() -> None:
    plant, _ = told(born("X"))
    own_product(plant, "Y", "X")
    _, answers = told(born("Y"), service=plant)
    (fact,) = answers
    assert isinstance(fact, LotHeld)
    assert (fact.kind, fact.cause, fact.root) == ("quarantine", "R04", "Y")
    assert plant.states[Ref("kin", "Y")].birth == "produced"


def test_a_fact_of_no_lot_known_here_has_no_consequences() -> None:
    _, answers = told(born("A"), born("B", "A"))
    assert answers == []


def test_a_hold_of_which_only_the_end_was_read_is_never_in_force() -> None:
    end = LotHoldLifted(
        lot_id="A",
        hold_id="H",
        kind="hold",
        root="A",
        reason="settled",
        authority="director",
        by="director",
        occurred_at=START,
    )
    plant, answers = told(end)
    hold = plant.states[Ref("hold", "H")]
    assert (hold.in_force(START), hold.lifted_at, answers) == (False, START, [])


def test_many_parts_are_asked_for_at_once() -> None:
    """However many parts a split has, its decision is run again only a few times."""
    desk = Desk()
    mine = PureService(mining())
    for said in (desk.source(), desk.mine("LOT-1")):
        mine.send(said[1])
    split = desk.split("LOT-1", {f"PART-{number}": "1" for number in range(200)})[1]

    decision, loads = loading(lambda world: mine.domain.decide(Asked(split, "c"), world), mine.states)

    assert isinstance(decision, Accepted)
    assert loads <= 10
