"""Ancestry and descent as the facts tell them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from rich.console import Console

from orestream.cli.drawing import draw, pieces
from orestream.cli.family import Relative, ancestry, descent
from orestream.cli.genealogy import Genealogy
from orestream.cli.growing import tell
from orestream.cli.ledger import Entry, Ledger
from orestream.contracts.lots import LotBlended, LotHeld, LotHoldLifted
from orestream.contracts.parts import Parent

SHIPMENT = "SHP-901"


def genealogy(ledger: Ledger) -> Genealogy:
    graph = Genealogy()
    for entry in ledger.entries:
        tell(graph, entry)
    return graph


def nearest(family: Iterable[Relative]) -> list[Relative]:
    """The first generation."""
    return [one for one in family if one.generation == 1]


def test_a_shipment_goes_back_to_every_source(ledger: Ledger) -> None:
    root, *others = ancestry(genealogy(ledger), SHIPMENT)
    assert {one.id for one in others if one.kind == "source"} == {"SRC-SB-9", "SRC-CU-9", "SRC-RE-9"}
    assert [one.id for one in nearest(others)] == ["CON-SB-901", "CON-CU-901", "CON-RE-901"]
    assert root.dry_kg == sum((one.dry_kg or 0 for one in nearest(others)), Decimal(0))


def test_each_generation_shows_what_it_brought_its_share_and_its_metal(ledger: Ledger) -> None:
    first, second = nearest(ancestry(genealogy(ledger), "CON-SB-901"))
    assert (first.id, first.dry_kg, first.share) == ("LOT-SB-901", Decimal("22787.660"), Decimal("0.5631"))
    assert second.share == Decimal("0.4369")
    assert first.metals_kg["Sb"] == Decimal("1230.534")
    assert "Au" not in first.metals_kg  # below the limit of detection is no number


def test_ore_comes_through_two_stages_and_a_blend(ledger: Ledger) -> None:
    chain = ancestry(genealogy(ledger), "CON-RE-901")
    assert [one.id for one in chain] == [
        *("CON-RE-901", "MAG-RE-901", "LOT-RE-910", "LOT-RE-901", "SRC-RE-9", "LOT-RE-902", "SRC-RE-9")
    ]


def test_descent_reaches_the_shipment_and_counts_only_the_lots_own_part(ledger: Ledger) -> None:
    down = descent(genealogy(ledger), "LOT-SB-901")
    concentrate, shipment = next(pair for pair in pairwise(down) if pair[0].id == "CON-SB-901")
    assert concentrate.dry_kg == Decimal("1807.754")  # 0.5631 of 3210.360 kg
    assert (shipment.id, shipment.generation) == (SHIPMENT, concentrate.generation + 1)
    assert shipment.how.startswith("sailed 2025-09-26")


def test_a_frozen_batch_shows_on_what_it_made(ledger: Ledger) -> None:
    down = descent(genealogy(ledger), "LOT-CU-902-A")
    assert {one.id: one.held for one in nearest(down)} == {"CON-CU-903": True, "TLS-CU-903": True}


def test_a_hold_that_was_lifted_no_longer_shows(ledger: Ledger) -> None:
    held = next(entry for entry in ledger.of(LotHeld) if entry.message.lot_id == "CON-CU-903")
    lifted = LotHoldLifted(
        lot_id="CON-CU-903",
        hold_id=held.message.hold_id,
        kind="quarantine",
        root=held.message.root,
        reason="assayed again",
        authority="quality manager",
        by="quality",
        occurred_at=held.message.occurred_at,
    )
    told = Entry(held.record, held.envelope, lifted)
    more = replace(ledger, entries=(*ledger.entries, told))
    assert genealogy(ledger).held("CON-CU-903")
    assert not genealogy(more).held("CON-CU-903")


def test_what_is_related_twice_is_drawn_once(ledger: Ledger) -> None:
    entries = list(ledger.entries)
    at = next(index for index, entry in enumerate(entries) if isinstance(entry.message, LotBlended))
    blend = entries[at].message
    assert isinstance(blend, LotBlended)
    again = Parent(lot_id=blend.parents[0].lot_id, dry_kg=Decimal(1), share=Decimal(0))
    entries[at] = replace(entries[at], message=blend.model_copy(update={"parents": (*blend.parents, again)}))
    *_, before, again_drawn = ancestry(genealogy(replace(ledger, entries=tuple(entries))), blend.lot_id)
    assert (before.kind, before.generation) == ("source", 2)
    assert (again_drawn.id, again_drawn.repeated) == (again.lot_id, True)


def test_a_lot_whose_birth_is_missing_says_so() -> None:
    graph = Genealogy()
    graph.lot("LOT-X")
    (alone,) = ancestry(graph, "LOT-X")
    assert "not on the ledger" in alone.how


def test_the_tree_is_drawn_with_kilograms_shares_and_holds(ledger: Ledger) -> None:
    out = io.StringIO()
    draw(Console(file=out, width=300), descent(genealogy(ledger), "LOT-CU-902"), "went into")
    drawn = out.getvalue()
    assert "LOT-CU-902  copper-ore, mined  26,740.000 kg dry" in drawn
    assert "CON-CU-903  copper-concentrate, product of BATCH-CU-903 (flotation, gain)" in drawn
    assert drawn.count("HELD") == 2


def test_the_same_as_json_has_decimals_as_strings(ledger: Ledger) -> None:
    found = json.loads("".join(pieces(ancestry(genealogy(ledger), "CON-SB-901"))))
    assert found["relatives"][0]["share"] == "0.5631"
    assert found["relatives"][0]["relatives"][0]["kind"] == "source"
