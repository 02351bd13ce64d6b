"""Shipments are recalled for what they were made from, once, in whatever order the news arrives."""

from collections import Counter
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from orestream.contracts.message import Fact
from orestream.contracts.shipments import ShipmentRecalled, ShipmentRecallLifted
from tests.support.port import PAPERS, Port, done


def recalls(port: Port) -> Counter[tuple[str, str]]:
    told = [*port.facts(ShipmentRecalled), *port.facts(ShipmentRecallLifted)]
    return Counter((type(one).__name__, one.write().decode()) for one in told)


@pytest.mark.parametrize("lot_id", ["CON-1", "ORE-CON-1"])
def test_a_hold_on_a_lot_or_an_ancestor_recalls_what_has_sailed(lot_id: str) -> None:
    (recalled,) = Port().sailed().held(lot_id)
    assert isinstance(recalled, ShipmentRecalled)
    assert (recalled.shipment_id, recalled.root, recalled.cause) == ("SHP-1", lot_id, "origin")


def test_a_hold_on_another_lot_recalls_nothing() -> None:
    port = Port().sailed()
    port.stock("CON-2")
    assert port.held("CON-2") == []


def test_a_shipment_is_recalled_once_for_each_hold() -> None:
    port = Port().sailed()
    assert len(port.held("ORE-CON-1", root="ORE-CON-1")) == 1
    assert port.held("CON-1", root="ORE-CON-1") == []
    assert len(port.held("CON-1", "hold-2")) == 1


def test_a_recall_ends_once_when_its_hold_is_lifted() -> None:
    port = Port().sailed()
    port.held("ORE-CON-1")
    port.held("CON-1", root="ORE-CON-1")
    (lifted,) = port.lifted("ORE-CON-1")
    assert isinstance(lifted, ShipmentRecallLifted)
    assert port.lifted("CON-1", root="ORE-CON-1") == []


def test_every_shipment_with_a_part_of_the_lot_is_recalled() -> None:
    port = Port()
    port.source()
    port.stock("CON-1", "2000.000")
    done(port.contract())
    numbers = {"SHP-1": "CSQU3054383", "SHP-2": "TOLU4734787"}
    for shipment_id, container_no in numbers.items():
        of: dict[str, Any] = {"shipment_id": shipment_id}
        done(port.open(shipment_id), port.allocate(**of), port.classify(**of))
        done(port.stuff(container_no=container_no, **of))
        for kind in PAPERS:
            done(port.attach(kind, **of))
        done(
            port.weigh(container_no=container_no, **of), port.screen(**of), port.clear(**of), port.sail(**of)
        )
    told = port.held("ORE-CON-1")
    assert sorted(one.shipment_id for one in told if isinstance(one, ShipmentRecalled)) == ["SHP-1", "SHP-2"]


def test_a_hold_that_was_lifted_before_the_sailing_recalls_nothing() -> None:
    port = Port().cleared()
    port.held("ORE-CON-1", at=20)
    port.lifted("ORE-CON-1", at=22)
    done(port.sail())
    assert recalls(port) == Counter()


def test_a_hold_that_is_known_at_the_sailing_and_comes_after_it_recalls_at_once() -> None:
    port = Port().cleared()
    port.held("ORE-CON-1", at=30)
    done(port.sail())
    assert len(port.facts(ShipmentRecalled)) == 1


Step = Callable[[Port], object]
HELD: Step = lambda port: port.held("ORE-CON-1", at=26)  # noqa: E731 - a table of steps
HELD_BELOW: Step = lambda port: port.held("CON-1", root="ORE-CON-1", at=26)  # noqa: E731
LIFTED: Step = lambda port: port.lifted("ORE-CON-1", at=27)  # noqa: E731
LIFTED_BELOW: Step = lambda port: port.lifted("CON-1", root="ORE-CON-1", at=27)  # noqa: E731
SAILED: Step = lambda port: done(port.sail())  # noqa: E731


def in_key_order(order: tuple[Step, ...]) -> bool:
    """The facts of one lot keep their order."""
    pairs = ((HELD, LIFTED), (HELD_BELOW, LIFTED_BELOW))
    return all(order.index(first) < order.index(second) for first, second in pairs)


ORDERS = [one for one in permutations([HELD, HELD_BELOW, LIFTED, LIFTED_BELOW, SAILED]) if in_key_order(one)]


@pytest.mark.parametrize("order", ORDERS)
def test_hold_lift_and_sailing_give_the_same_recall_in_any_order(order: tuple[Step, ...]) -> None:
    port = Port().cleared()
    for step in order:
        step(port)
    told = recalls(port)
    assert sorted(name for name, _ in told) == ["ShipmentRecallLifted", "ShipmentRecalled"]
    assert set(told.values()) == {1}


def test_a_hold_for_an_assay_recalls_only_what_relies_on_its_certificate() -> None:
    port = Port().sailed()
    doubt: dict[str, Any] = {"cause": "assay", "certificate": "CERT-X"}
    assert port.held("ORE-CON-1", "hold-1", **doubt) == []
    told: list[Fact] = port.held("CON-1", "hold-1", root="ORE-CON-1", **doubt)
    assert [type(one) for one in told] == [ShipmentRecalled]


def test_a_batch_in_quarantine_recalls_through_the_lots_it_made() -> None:
    port = Port().sailed()
    (recalled,) = port.held("CON-1", kind="quarantine", cause="R07", root="B-CON-1")
    assert isinstance(recalled, ShipmentRecalled)
    assert (recalled.kind, recalled.root, recalled.cause) == ("quarantine", "B-CON-1", "R07")
