"""No kilogram from nowhere: what came in is what is there, what was drawn and what has left, to the gram."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orestream.contracts.lots import LotBlended, LotDespatched, LotDrawn, LotReceived, LotSplit
from orestream.contracts.message import Command
from orestream.contracts.mining import LotMined
from orestream.contracts.processing import LotProduced
from orestream.lots.state import Departed, Expected, InStock
from orestream.metallurgy.quantities import GRAM, wet_kg
from orestream.mining.app import build as mining
from orestream.processing.app import build as processing
from tests.support.desk import Desk, hour
from tests.support.worlds import PureChain

ZERO = Decimal(0)
DOMAINS = mining(), processing()

ACTS = st.sampled_from(["mine", "split", "split", "blend", "batch", "assay", "despatch", "receive"])
LOTS = st.integers(0, 30)
KG = st.decimals("0.001", "90000", places=3)
MOISTURE = st.decimals("0", "60", places=2)
SHARES = st.sampled_from(["0.001", "0.25", "0.5", "0.9999", "1", "1.0005", "1.002", "1.5"]).map(Decimal)


@dataclass(frozen=True, slots=True)
class Step:
    """One act: which, on which lots, with which weights."""

    what: str
    one: int
    other: int
    kg: Decimal
    moisture: Decimal
    share: Decimal


STEPS = st.lists(st.builds(Step, ACTS, LOTS, LOTS, KG, MOISTURE, SHARES), min_size=10, max_size=30)


class Yard:
    """A mine and a plant to which random acts are done, possible or not."""

    def __init__(self) -> None:
        self.chain = PureChain(DOMAINS)
        self.desk = Desk()
        self.made = 0
        self.chain.run([self.desk.source()])
        for lot_id in ("FIRST", "SECOND", "THIRD"):
            made = self.desk.mine(lot_id, "500.000", "10"), self.desk.assay(lot_id, {"Sb": "5"})
            self.chain.run([*made, self.desk.despatch(lot_id), self.desk.receive(lot_id, "499.500", "10")])

    def act(self, step: Step) -> None:
        """One act, its facts delivered."""
        self.made += 1
        self.chain.run(self._said(step))

    def lots(self, service: str, type_: type) -> list[Any]:
        """The lots of a service in one state."""
        states = self.chain.services[service].states
        return [
            state for ref, state in sorted(states.items()) if ref.kind == "lot" and isinstance(state, type_)
        ]

    def facts(self, service: str) -> list[Any]:
        """What a service has told."""
        return [one.fact for one in self.chain.services[service].facts]

    def _said(self, step: Step) -> Iterator[tuple[str, Command]]:
        service = "processing" if step.other % 2 or step.what == "batch" else "mining"
        lots, expected = self.lots(service, InStock), self.lots("processing", Expected)
        if step.what == "mine":
            yield self.desk.mine(f"LOT-{self.made}", str(step.kg), str(step.moisture))
            yield self.desk.assay(f"LOT-{self.made}", {"Sb": "5"}, taken_at=hour(800))
        elif step.what == "receive" and expected:
            lot = expected[step.one % len(expected)]
            weighed = (lot.despatched_wet_kg * step.share).quantize(GRAM)
            yield self.desk.receive(lot.id, str(weighed), str(step.moisture), complete=bool(step.one % 3))
        elif lots:
            yield self._of_stock(step, service, lots[step.one % len(lots)], lots[step.other % len(lots)])

    def _of_stock(self, step: Step, service: str, lot: InStock, other: InStock) -> tuple[str, Command]:
        new, share = f"LOT-{self.made}", step.share
        part, rest = part_of(lot, share), part_of(lot, 1 - share) if share < 1 else "0.001"
        match step.what:
            case "split":
                return self.desk.split(lot.id, {f"{new}-A": part, f"{new}-B": rest}, service=service)
            case "blend":
                parts = {other.id: part_of(other, share), lot.id: part}
                return self.desk.blend(new, parts, service=service, material=lot.material)
            case "assay":
                return self.desk.assay(lot.id, {"Sb": "5"}, f"C-{new}", service=service)
            case "despatch":
                return self.desk.despatch(lot.id, service=service)
            case _:
                output = {"role": "product", "material": lot.material, "moisture_pct": "0", "lot_id": new}
                return self.desk.command(
                    "ProcessBatch",
                    batch_id=f"BATCH-{new}",
                    plant_id="PLANT-1",
                    stage="crush",
                    started_at=hour(900),
                    ended_at=hour(901),
                    inputs=[{"lot_id": lot.id, "wet_kg": part}],
                    outputs=[{**output, "wet_kg": part}],
                )


def part_of(lot: InStock, share: Decimal) -> str:
    return str((wet_kg(lot.stock_dry_kg, lot.moisture_pct) * share).quantize(GRAM))


def entered(fact: Any) -> Decimal:
    """What a fact brings into a service's stock, kg dry."""
    match fact:
        case LotMined() | LotProduced() | LotSplit() | LotBlended():
            return fact.dry_kg
        case LotReceived(complete=True):
            return fact.total_dry_kg
        case LotDrawn(difference_dry_kg=difference):
            return difference or ZERO
        case _:
            return ZERO


def gone(fact: Any) -> Decimal:
    """What a fact takes out of a service's stock, kg dry."""
    return fact.dry_kg if isinstance(fact, LotDrawn | LotDespatched) else ZERO


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_what_came_in_is_the_stock_and_what_was_drawn_and_despatched(steps: list[Step]) -> None:
    yard = Yard()
    for step in steps:
        yard.act(step)
    for service in ("mining", "processing"):
        of_lot: dict[str, list[Any]] = {}
        for fact in yard.facts(service):
            of_lot.setdefault(fact.key, []).append(fact)
        for lot in (*yard.lots(service, InStock), *yard.lots(service, Departed)):
            left = lot.stock_dry_kg if isinstance(lot, InStock) else ZERO
            assert left >= 0
            assert sum(map(entered, of_lot[lot.id])) == left + sum(map(gone, of_lot[lot.id]))
    assert_no_metal_is_made_in_the_mine(yard)


def assert_no_metal_is_made_in_the_mine(yard: Yard) -> None:
    """Splits and blends only move it."""
    facts = yard.facts("mining")
    mined = sum((fact.dry_kg for fact in facts if isinstance(fact, LotMined)), ZERO)
    differences = sum((entered(fact) for fact in facts if isinstance(fact, LotDrawn)), ZERO)
    despatched = sum((fact.dry_kg for fact in facts if isinstance(fact, LotDespatched)), ZERO)
    stock = sum((lot.stock_dry_kg for lot in yard.lots("mining", InStock)), ZERO)
    assert mined + differences == stock + despatched
