"""What holds for every batch: honest ones balance, metal from nothing does not, no kilogram is lost."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from orestream.contracts.decision import Happened, Ref
from orestream.contracts.lots import LotDrawn, LotHeld
from orestream.contracts.processing import BatchProcessed, BatchQuarantined, LotProduced
from orestream.lots.state import InStock
from orestream.processing.app import build
from tests.support.plant import LATER, Plant, assay, batch, fed, hold_told, made, released

GRAM = Decimal("0.001")
PERMILLE = Decimal("0.001")
DOMAIN = build()


def permille(low: int, high: int) -> st.SearchStrategy[Decimal]:
    """A fraction in thousandths."""
    return st.integers(low, high).map(lambda steps: steps * PERMILLE)


ERROR = permille(-800, 800)
"""Of a measurement, in its own σ."""


def weighed(true_kg: Decimal, error: Decimal) -> tuple[str, str]:
    """A weight with an error of so many σ, and its σ of 0.1 %."""
    sigma = (true_kg * PERMILLE).quantize(GRAM)
    return str((true_kg + error * sigma).quantize(GRAM)), str(sigma)


def analysed(true_pct: Decimal, error: Decimal) -> dict[str, str]:
    """An antimony grade with an error of so many σ, and its σ of 0.3 %."""
    sigma = (true_pct * 3 * PERMILLE).quantize(Decimal("1e-6"))
    value = (true_pct + error * sigma).quantize(Decimal("1e-6"))
    return {"Sb": f"{value:f} ± {sigma:f}"}


@given(
    dry=st.integers(1_000, 1_000_000).map(Decimal),
    grade=permille(2_000, 5_000),
    pull=permille(100, 150),
    recovery=permille(600, 950),
    errors=st.tuples(*[ERROR] * 6),
)
def test_an_honest_batch_whose_errors_are_within_what_it_declares_is_balanced(
    dry: Decimal, grade: Decimal, pull: Decimal, recovery: Decimal, errors: tuple[Decimal, ...]
) -> None:
    con_kg, tls_kg = dry * pull, dry * (1 - pull)
    truth = [
        (dry, grade),
        (con_kg, dry * grade * recovery / con_kg),
        (tls_kg, dry * grade * (1 - recovery) / tls_kg),
    ]
    weights = [weighed(true, error) for (true, _), error in zip(truth, errors[:3], strict=True)]
    grades = [analysed(true, error) for (_, true), error in zip(truth, errors[3:], strict=True)]
    plant = Plant()
    plant.stock("LOT-1", weights[0][0], assays=[assay("A-1", grades[0])])
    known = [{"sigma_kg": sigma, "moisture_sigma_pct": "0"} for _, sigma in weights]
    concentrate = made("CON-1", weights[1][0], grades[1], **known[1])
    tailings = made("TLS-1", weights[2][0], grades[2], role="tailings", **known[2])
    outcome = plant.ask(batch([fed("LOT-1", weights[0][0], **known[0])], [concentrate, tailings]))
    (told,) = plant.facts(BatchProcessed)
    assert (outcome.status, outcome.rule, told.verdict) == ("accepted", None, "balanced")
    assert {line.tolerance_from for line in told.balance.values()} == {"sigma"}


@given(
    dry=st.integers(1_000, 1_000_000).map(Decimal),
    grade=permille(100, 20_000),
    gain=permille(21, 2_000),
    moisture=st.integers(0, 40),
)
def test_a_batch_with_metal_from_nothing_is_quarantined_with_all_it_made(
    dry: Decimal, grade: Decimal, gain: Decimal, moisture: int
) -> None:
    plant = Plant()
    plant.stock("LOT-1", str(dry), assays=[assay("A-1", {"Sb": str(grade)})])
    richer = {"Sb": f"{grade * (1 + gain):f}"}
    wet = f"{dry / (1 - Decimal(moisture) / 100):.3f}"
    product = made("ORE-2", wet, richer, moisture_pct=str(moisture), material="antimony-ore")
    outcome = plant.ask(batch([fed("LOT-1", str(dry))], [product], stage="grind"))
    assert (outcome.status, outcome.rule) == ("accepted", "R07")
    assert [fact.batch_id for fact in plant.facts(BatchQuarantined)] == ["BATCH-1"]
    assert [fact.lot_id for fact in plant.facts(LotHeld)] == ["ORE-2"]


DRAWS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 1_200_000), st.integers(0, 30)), min_size=1, max_size=12
)
"""Batches as lot, grams asked, moisture as fed."""


@given(DRAWS)
def test_what_batches_took_in_is_what_their_lots_gave_and_no_lot_gives_more_than_it_had(
    draws: list[tuple[int, int, int]],
) -> None:
    plant = Plant()
    for number in range(3):
        plant.stock(f"LOT-{number}", "500.000")
    for index, (number, grams, moisture) in enumerate(draws):
        taken = fed(f"LOT-{number}", str(grams * GRAM), moisture_pct=str(moisture))
        output = made(f"ORE-{index}", str(max(grams, 2) * GRAM))
        plant.ask(batch([taken], [output], stage="crush", batch_id=f"BATCH-{index}"))
    drawn = plant.facts(LotDrawn)
    for told in plant.facts(BatchProcessed):
        gave = sum(one.dry_kg for one in drawn if one.into == told.batch_id)
        assert gave == sum(one.dry_kg for one in told.inputs) == told.balance["solids"].in_kg
        (born,) = (one for one in plant.facts(LotProduced) if one.batch_id == told.batch_id)
        assert gave == sum(parent.dry_kg for parent in born.parents)
    for number in range(3):
        lot = plant.service.states[Ref("lot", f"LOT-{number}")]
        of_lot = [one for one in drawn if one.lot_id == lot.id]
        excess = sum((one.difference_dry_kg or Decimal(0) for one in of_lot), Decimal(0))
        assert lot.stock_dry_kg == Decimal(500) - sum(one.dry_kg for one in of_lot) + excess >= 0
        assert excess <= Decimal("1.000")


@given(DRAWS, st.booleans(), st.booleans())
def test_folding_the_ledger_again_gives_the_same_state(
    draws: list[tuple[int, int, int]], hold: bool, release: bool
) -> None:
    plant = Plant()
    for number in range(3):
        plant.stock(f"LOT-{number}", "500.000", assays=[assay(f"A-{number}", {"Sb": "5"})])
    for index, (number, grams, _) in enumerate(draws):
        parent = f"LOT-{number}" if index < 4 else f"ORE-{index - 4}"
        output = made(f"ORE-{index}", str(grams * GRAM), {"Sb": str(4 + number)})
        plant.ask(batch([fed(parent, "50.000")], [output], stage="grind", batch_id=f"BATCH-{index}"))
    if hold:
        plant.hear(hold_told("LOT-1", at=LATER))
    if release:
        plant.ask(released(batch_id="BATCH-0"))
    assert folded([*plant.heard, *plant.service.facts]) == plant.service.states


def folded(ledger: Iterable[Happened]) -> dict[Ref, object]:
    """The states after a ledger: mining's facts, then the plant's own, each topic in its order."""
    states: dict[Ref, object] = {}
    for happened in ledger:
        for ref in DOMAIN.changes(happened):
            states[ref] = DOMAIN.evolve(ref, states.get(ref), happened)
    return states


def test_a_batchs_products_are_stock_as_they_were_weighed() -> None:
    plant = Plant()
    plant.stock()
    plant.ask(batch([fed()], [made("ORE-2", "1100.000", moisture_pct="10")], stage="crush"))
    lot = plant.service.states[Ref("lot", "ORE-2")]
    assert isinstance(lot, InStock)
    assert (lot.stock_dry_kg, lot.moisture_pct) == (Decimal("990.000"), Decimal(10))
