"""Checks of mass and metal find the fault that is planted for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from orestream.cli.ledger import Ledger
from orestream.cli.ledger_checks.batch_metal import check_batch_metal
from orestream.cli.ledger_checks.batch_solids import check_batch_solids
from orestream.cli.ledger_checks.chain_mass import check_chain_mass
from orestream.cli.ledger_checks.draws import check_draws
from orestream.cli.ledger_checks.lineage import check_lineage
from orestream.cli.ledger_checks.lot_mass import check_lot_mass
from orestream.cli.ledger_checks.receipts import check_receipts
from orestream.cli.ledger_checks.shares import check_shares
from orestream.cli.ledger_checks.shipments import check_shipments
from orestream.cli.ledger_checks.verdict import Check
from orestream.cli.ledger_checks.weighings import check_weighings
from orestream.contracts.lots import LotAssayed, LotBlended, LotDespatched, LotDrawn, LotReceived, LotSplit
from orestream.contracts.message import Message
from orestream.contracts.mining import LotMined, SourceRegistered
from orestream.contracts.processing import BatchProcessed, BatchQuarantined, LotProduced
from orestream.contracts.shipments import (
    ContainerStuffed,
    ShipmentCleared,
    ShipmentDispatched,
    ShipmentLotAllocated,
)
from tests.support.ledgers import Where, changed, more, without, wrong


def test_a_lot_born_twice_is_found(ledger: Ledger) -> None:
    twin = next(ledger.of(LotMined))
    again = replace(twin, record=twin.record._replace(offset=9999))
    assert "born at" in wrong(check_lineage, replace(ledger, entries=(*ledger.entries, again)))


def test_a_parent_that_was_never_born_is_found(ledger: Ledger) -> None:
    assert "LOT-RE-901 was never born" in wrong(
        check_lineage, without(ledger, LotMined, lambda lot: lot.lot_id == "LOT-RE-901")
    )


def test_a_source_that_nobody_registered_is_found(ledger: Ledger) -> None:
    assert "is not registered" in wrong(check_lineage, without(ledger, SourceRegistered))


def test_a_lot_among_its_own_ancestors_is_found(ledger: Ledger) -> None:
    mined = next(e.message for e in ledger.of(LotBlended))
    loop = mined.parents[0].model_copy(update={"lot_id": "CON-RE-901"})
    assert "its own ancestors" in wrong(check_lineage, changed(ledger, LotBlended, parents=(loop,)))


def test_shares_that_do_not_add_up_are_found(ledger: Ledger) -> None:
    def fewer(lot: Any) -> Any:
        return lot.parents[:1]

    two = changed(ledger, LotProduced, lambda lot: len(lot.parents) > 1, parents=fewer)
    assert "the shares of its parents add up to" in wrong(check_shares, two)


def test_a_share_that_is_not_the_parents_mass_is_found(ledger: Ledger) -> None:
    def turned(lot: Any) -> Any:
        one, two = lot.parents
        return (one.model_copy(update={"share": two.share}), two.model_copy(update={"share": one.share}))

    swapped = changed(ledger, LotProduced, lambda lot: len(lot.parents) > 1, parents=turned)
    assert "its share is stated" in wrong(check_shares, swapped)


def test_a_dry_mass_that_does_not_follow_from_its_moisture_is_found(ledger: Ledger) -> None:
    assert "kg dry" in wrong(check_weighings, changed(ledger, LotMined, dry_kg=more("dry_kg", "0.001")))


def test_a_wet_mass_that_is_not_on_its_tickets_is_found(ledger: Ledger) -> None:
    assert "its tickets weigh" in wrong(check_weighings, changed(ledger, LotReceived, wet_kg=more("wet_kg")))


def test_a_ticket_counted_twice_is_found(ledger: Ledger) -> None:
    tickets = next(ledger.of(LotMined)).message.tickets
    twice = changed(ledger, LotMined, lambda lot: lot.tickets != tickets, tickets=tickets)
    assert "is counted at" in wrong(check_weighings, twice)


def test_a_lot_that_gives_more_than_it_holds_is_found(ledger: Ledger) -> None:
    more_drawn = changed(ledger, LotDrawn, dry_kg=more("dry_kg", "0.001"))
    assert "0.001 kg dry more than it held" in wrong(check_lot_mass, more_drawn)


def test_a_weighing_difference_covers_what_a_last_draw_took_too_much(ledger: Ledger) -> None:
    posted = changed(ledger, LotDrawn, dry_kg=more("dry_kg", "0.500"), difference_dry_kg=Decimal("0.500"))
    assert not wrong(check_lot_mass, posted)


def test_a_weighing_difference_that_makes_stock_is_found(ledger: Ledger) -> None:
    made = changed(ledger, LotDrawn, difference_dry_kg=Decimal("0.500"))
    assert "a weighing difference of 0.500 kg was posted, 0.500 kg are left" in wrong(check_lot_mass, made)


def test_a_lot_that_leaves_a_part_behind_is_found(ledger: Ledger) -> None:
    less = changed(ledger, LotDespatched, dry_kg=more("dry_kg", "-2.000"))
    assert "it left mining whole, yet 2.000 kg dry are left" in wrong(check_lot_mass, less)


def test_a_lot_allocated_beyond_its_receipt_is_found(ledger: Ledger) -> None:
    beyond = changed(ledger, ShipmentLotAllocated, dry_kg=more("dry_kg"))
    assert "in export it gave 1.000 kg dry more" in wrong(check_lot_mass, beyond)


def test_a_draw_that_is_not_the_batchs_input_is_found(ledger: Ledger) -> None:
    other = changed(ledger, LotDrawn, lambda draw: draw.purpose == "batch", wet_kg=more("wet_kg"))
    assert "were drawn" in wrong(check_draws, other)


def test_a_batch_that_draws_from_nothing_is_found(ledger: Ledger) -> None:
    undrawn = without(ledger, LotDrawn, lambda draw: draw.into == "BATCH-SB-901")
    assert "BATCH-SB-901: it used 23420.000 kg wet" in wrong(check_draws, undrawn)


def test_a_draw_into_nothing_is_found(ledger: Ledger) -> None:
    assert "it does not exist" in wrong(check_draws, changed(ledger, LotDrawn, into="NOWHERE"))


@pytest.mark.parametrize("kind", [LotSplit, LotBlended])
def test_a_part_that_is_not_what_was_drawn_for_it_is_found(ledger: Ledger, kind: type[Message]) -> None:
    assert "it was born with" in wrong(check_draws, changed(ledger, kind, dry_kg=more("dry_kg")))


def test_parents_that_are_not_the_batchs_inputs_are_found(ledger: Ledger) -> None:
    assert "its parents are not the inputs" in wrong(
        check_draws, changed(ledger, LotProduced, batch_id="BATCH-CU-903")
    )


def test_a_receipt_without_a_despatch_is_found(ledger: Ledger) -> None:
    assert "it was never despatched there" in wrong(check_receipts, without(ledger, LotDespatched))


def test_a_receipt_held_against_another_mass_is_found(ledger: Ledger) -> None:
    other = changed(ledger, LotReceived, despatched_dry_kg=more("despatched_dry_kg"))
    said = wrong(check_receipts, other)
    assert "it is held against" in said
    assert "the difference is" in said


def test_a_total_that_is_not_the_sum_of_receipts_is_found(ledger: Ledger) -> None:
    assert "arrived so far" in wrong(
        check_receipts, changed(ledger, LotReceived, total_dry_kg=more("dry_kg"))
    )


def test_a_loss_called_a_gain_is_found(ledger: Ledger) -> None:
    assert "is called transit-gain" in wrong(
        check_receipts, changed(ledger, LotReceived, verdict="transit-gain")
    )


def line_changed(component: str, **changes: Any) -> Callable[[BatchProcessed], Any]:
    def change(batch: BatchProcessed) -> Any:
        return {**batch.balance, component: batch.balance[component].model_copy(update=changes)}

    return change


def balances(component: str) -> Where:
    return lambda batch: component in batch.balance and batch.balance[component].in_kg is not None


@pytest.mark.parametrize(("component", "check"), [("solids", check_batch_solids), ("Sb", check_batch_metal)])
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"in_kg": Decimal("1.000")}, "in: the facts give"),
        ({"out_kg": Decimal("1.000")}, "out: the facts give"),
        ({"unaccounted_kg": Decimal("99.000")}, "is not in less out"),
        ({"verdict": "loss"}, "is called loss"),
        ({"tolerance_kg": Decimal("0.000")}, "is called balanced"),
    ],
)
def test_a_balance_that_does_not_follow_from_the_facts_is_found(
    ledger: Ledger, component: str, check: Check, changes: dict[str, Any], said: str
) -> None:
    told = changed(ledger, BatchProcessed, balances(component), balance=line_changed(component, **changes))
    assert said in wrong(check, told)


def test_an_output_that_is_not_the_lot_it_became_is_found(ledger: Ledger) -> None:
    assert "was born with" in wrong(check_batch_solids, changed(ledger, LotProduced, dry_kg=more("dry_kg")))


def test_an_output_that_was_never_born_is_found(ledger: Ledger) -> None:
    lost = without(ledger, LotProduced, lambda lot: lot.lot_id == "CON-SB-901")
    assert "its output CON-SB-901 was never born" in wrong(check_batch_solids, lost)


def test_a_lot_that_claims_a_batch_is_found(ledger: Ledger) -> None:
    claimed = changed(
        ledger, LotProduced, lambda lot: lot.batch_id == "BATCH-SB-901", batch_id="BATCH-CU-901"
    )
    assert "claims to be made by it" in wrong(check_batch_solids, claimed)


def test_a_gain_that_is_not_quarantined_is_found(ledger: Ledger) -> None:
    assert "BATCH-CU-903: it ends in gain and is not quarantined" in wrong(
        check_batch_solids, without(ledger, BatchQuarantined)
    )


def test_metal_from_another_certificate_is_found(ledger: Ledger) -> None:
    def richer(assay: LotAssayed) -> Any:
        return tuple(result.model_copy(update={"value": "9.99"}) for result in assay.results)

    def poor(despatch: LotDespatched) -> Any:
        return ()

    told = changed(ledger, LotAssayed, lambda assay: assay.lot_id == "LOT-SB-901", results=richer)
    told = changed(told, LotDespatched, lambda lot: lot.lot_id == "LOT-SB-901", assays=poor)
    assert "BATCH-SB-901: Sb in: the facts give" in wrong(check_batch_metal, told)


def test_a_balance_without_a_number_in_every_stream_is_found(ledger: Ledger) -> None:
    def only_copper(lot: LotProduced) -> Any:
        return tuple(result for result in lot.results if result.analyte != "Sb")

    told = changed(ledger, LotProduced, lambda lot: lot.lot_id == "TLS-SB-901", results=only_copper)
    assert "not every stream has a number" in wrong(check_batch_metal, told)


def test_a_recovery_that_does_not_follow_is_found(ledger: Ledger) -> None:
    told = changed(
        ledger, BatchProcessed, balances("Sb"), balance=line_changed("Sb", recovery_pct=Decimal("99.00"))
    )
    assert "are recovered, 99.00 % are stated" in wrong(check_batch_metal, told)


def test_a_container_that_holds_more_than_is_allocated_is_found(ledger: Ledger) -> None:
    def fuller(container: ContainerStuffed) -> Any:
        (part,) = container.contents
        return (part.model_copy(update={"dry_kg": part.dry_kg + 1}),)

    said = wrong(check_shipments, changed(ledger, ContainerStuffed, contents=fuller))
    assert "are packed" in said
    assert "sailed" in said


def test_a_sailing_without_clearance_is_found(ledger: Ledger) -> None:
    assert "never cleared" in wrong(check_shipments, without(ledger, ShipmentCleared))


def test_containers_that_were_not_packed_are_found(ledger: Ledger) -> None:
    assert "the containers that sailed" in wrong(
        check_shipments, changed(ledger, ShipmentDispatched, containers=("CSQU3054383",))
    )


def test_a_cargo_that_is_not_the_sum_of_its_lots_is_found(ledger: Ledger) -> None:
    assert "its lots are" in wrong(
        check_shipments, changed(ledger, ShipmentDispatched, dry_kg=more("dry_kg"))
    )


@pytest.mark.parametrize(("element", "said"), [("Sb", "holds"), ("Unobtainium", "rest on no result")])
def test_metal_on_board_that_no_assay_states_is_found(ledger: Ledger, element: str, said: str) -> None:
    def richer(ship: ShipmentDispatched) -> Any:
        (lot, *others) = ship.lots
        contained = {**lot.contained_kg, element: Decimal("9999.000")}
        return (lot.model_copy(update={"contained_kg": contained}), *others)

    assert said in wrong(check_shipments, changed(ledger, ShipmentDispatched, lots=richer))


@pytest.mark.parametrize("kind", [LotMined, LotDespatched, LotProduced, LotDrawn, LotSplit])
def test_a_kilogram_from_nowhere_shows_on_the_whole_chain(ledger: Ledger, kind: type[Message]) -> None:
    told = changed(ledger, kind, dry_kg=more("dry_kg"))
    somewhere = wrong(check_chain_mass, told) + wrong(check_lot_mass, told)
    assert "kg dry" in somewhere


def test_the_whole_chain_closes_to_the_gram(ledger: Ledger) -> None:
    figures = dict(check_chain_mass(ledger).figures)
    assert figures["mined"] == "124,385.400 kg dry"
    assert figures["from nowhere"].endswith("0.000 kg")
