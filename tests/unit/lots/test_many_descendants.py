"""A hold with more descendants than one decision may name: all are told, once, whatever happens meanwhile."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from orestream.contracts.decision import CHUNK, DECISION_FACTS, Happened, Ref
from orestream.contracts.lots import LotBlended, LotHeld, LotHoldLifted
from orestream.contracts.parts import Origin, Parent
from orestream.lots.state import HOLD, KIN, Hold, Kin
from orestream.lots.tasks import unfinished
from orestream.processing.app import build as processing
from tests.support.desk import START
from tests.support.mine import Mine
from tests.support.worlds import MemoryWorld, PureService

MANY = 10_000
ORIGIN = Origin(
    source_id="SRC-1", name="Mine", country="PK", licence="SYN-1", operator="Cooperative", share=Decimal(1)
)


def child(lot_id: str, *parents: str) -> LotBlended:
    return LotBlended(
        lot_id=lot_id,
        material="antimony-ore",
        wet_kg=Decimal(1),
        moisture_pct=Decimal(0),
        dry_kg=Decimal(1),
        origins=(ORIGIN,),
        parents=tuple(Parent(lot_id=one, dry_kg=Decimal(1), share=Decimal(1)) for one in parents),
    )


def happening(fact: LotBlended, service: str) -> Happened:
    return Happened(fact, START, f"/orestream/main/{service}", f"birth-of-{fact.lot_id}", "c")


@pytest.fixture
def mine() -> Mine:
    """A mine with a lot that ten thousand were made of, twelve generations, each with two parents."""
    mine = Mine()
    mine.accept(mine.desk.mine("ROOT"))
    grow(mine.service, "mining")
    return mine


def grow(service: PureService, origin: str, many: int = MANY) -> None:
    """The genealogy folded as facts of `origin`, without deciding each."""
    before = ["ROOT"]
    width = -(-many // 12)
    made = 0
    for generation in range(12):
        lots = [f"G{generation:02d}-{n:04d}" for n in range(min(width, many - made))]
        made += len(lots)
        for n, lot_id in enumerate(lots):
            parents = dict.fromkeys((before[n % len(before)], before[(n * 7 + 1) % len(before)]))
            service._fold([happening(child(lot_id, *parents), origin)])
        before = lots


def told(service: PureService, type_: type) -> Counter[str]:
    return Counter(one.fact.key for one in service.facts if isinstance(one.fact, type_))


def everyone(service: PureService) -> Counter[str]:
    """Each lot of the genealogy once."""
    return Counter(ref.id for ref in service.states if ref.kind == KIN)


def hold(service: PureService, hold_id: str) -> Hold:
    found = service.states[Ref(HOLD, hold_id)]
    assert isinstance(found, Hold)
    return found


def test_a_hold_and_its_lift_reach_ten_thousand_descendants_once(mine: Mine) -> None:
    held = mine.desk.hold("ROOT")
    outcome = mine.say(held)
    assert [type(one.fact) for one in outcome.facts] == [LotHeld], "the decision itself is small"
    assert told(mine.service, LotHeld) == everyone(mine.service)

    lift = mine.desk.lift("ROOT", held[1].command_id)
    assert [type(one.fact) for one in mine.say(lift).facts] == [LotHoldLifted]
    assert told(mine.service, LotHoldLifted) == everyone(mine.service)
    ids = [one.id for one in mine.service.facts]
    assert len(ids) == len(set(ids))
    found = hold(mine.service, held[1].command_id)
    assert set(found.lots) == set(found.freed) == set(everyone(mine.service))


def test_a_hold_is_in_force_for_all_before_its_first_chunk(mine: Mine) -> None:
    mine.service.slow = True
    mine.accept(mine.desk.hold("ROOT"))
    assert told(mine.service, LotHeld) == Counter(["ROOT"])
    assert mine.say(mine.desk.despatch("ROOT")).rule == "R30"


def test_as_many_as_one_decision_may_name_are_told_at_once() -> None:
    mine = Mine()
    mine.accept(mine.desk.mine("ROOT"))
    grow(mine.service, "mining", DECISION_FACTS - 1)
    mine.service.slow = True
    assert len(mine.say(mine.desk.hold("ROOT")).facts) == DECISION_FACTS
    assert not mine.service.tasks


def test_a_hold_lifted_while_it_is_still_told_ends_for_everyone(mine: Mine) -> None:
    mine.service.slow = True
    held = mine.desk.hold("ROOT", at=50)
    mine.accept(held)
    for _ in range(6):
        assert len(mine.service.chunk()) == CHUNK
    mine.accept(mine.desk.lift("ROOT", held[1].command_id, at=60))
    while mine.service.tasks:
        mine.service.chunk()

    assert told(mine.service, LotHeld) == everyone(mine.service)
    assert told(mine.service, LotHoldLifted) == everyone(mine.service)


def test_a_child_born_meanwhile_inherits_once_in_its_own_decision(mine: Mine) -> None:
    mine.service.slow = True
    mine.accept(mine.desk.hold("ROOT", at=50))
    mine.service.chunk()
    born = mine.accept(mine.desk.split("ROOT", {"LATE": "10"}, at=70))[0]
    assert [one.fact.key for one in born.facts if isinstance(one.fact, LotHeld)] == ["LATE"]
    while mine.service.tasks:
        mine.service.chunk()

    assert told(mine.service, LotHeld) == everyone(mine.service)


def test_a_fact_from_elsewhere_leaves_a_task_too(mine: Mine) -> None:
    plant = PureService(processing())
    grow(plant, "processing")
    elsewhere = [one for one in mine.say(mine.desk.hold("ROOT")).facts if one.fact.key == "ROOT"]
    for one in elsewhere:
        assert plant.receive(one) == ()
    assert told(plant, LotHeld) == everyone(plant) - Counter(["ROOT"])


def test_what_is_left_is_found_again_from_the_facts_alone(mine: Mine) -> None:
    mine.service.slow = True
    mine.accept(mine.desk.hold("ROOT"))
    for _ in range(3):
        mine.service.chunk()
    first = next(one for one in mine.service.facts if isinstance(one.fact, LotHeld))
    command = mine.service.tasks.popleft()[0]

    task = unfinished(first, MemoryWorld(mine.service.states), "mining")
    assert task is not None
    mine.service.tasks.append((command, task, 10_000_000))
    while mine.service.tasks:
        mine.service.chunk()
    assert told(mine.service, LotHeld) == everyone(mine.service)
    assert unfinished(first, MemoryWorld(mine.service.states), "mining") is None


def test_a_genealogy_that_ids_given_twice_have_closed_to_a_ring_comes_to_an_end() -> None:
    mine = Mine()
    mine.accept(mine.desk.mine("ROOT"))
    grow(mine.service, "mining", DECISION_FACTS + CHUNK)
    last = max(ref.id for ref in mine.service.states if ref.kind == KIN and ref.id != "ROOT")
    kin = mine.service.states[Ref(KIN, last)]
    assert isinstance(kin, Kin)
    mine.service._fold([happening(child("ROOT", last), "processing")])
    mine.service.slow = True
    mine.accept(mine.desk.hold("ROOT"))
    cause, task, index = mine.service.tasks.popleft()
    few = {**task.payload, "looks": 20_000}
    mine.service.tasks.append((cause, type(task)(task.kind, few), index))
    while mine.service.tasks:
        mine.service.chunk()
    assert told(mine.service, LotHeld) == everyone(mine.service)
