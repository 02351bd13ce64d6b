"""The whole chain on one page: every kilogram that was mined is somewhere."""

from __future__ import annotations

from decimal import Decimal

from orestream.cli.ledger import Ledger
from orestream.cli.ledger_checks.batch_solids import entered, left
from orestream.cli.ledger_checks.lot_mass import accounts
from orestream.cli.ledger_checks.receipts import receipts
from orestream.cli.ledger_checks.verdict import Verdict, Violation
from orestream.contracts.lots import LotDespatched
from orestream.contracts.mining import LotMined
from orestream.contracts.processing import BatchProcessed
from orestream.contracts.shipments import ShipmentLotAllocated
from orestream.contracts.topics import SERVICES

ZERO = Decimal("0.000")


def check_chain_mass(ledger: Ledger) -> Verdict:
    """Mined + differences = stocks + in transit + allocated to shipments + kept by batches, dry kg."""
    mined = sum((entry.message.dry_kg for entry in ledger.of(LotMined)), ZERO)
    books = accounts(ledger)
    stock = {
        service: sum((account.stock for (where, _), account in books.items() if where == service), ZERO)
        for service in SERVICES
    }
    weighing = sum((account.difference for account in books.values()), ZERO)
    allocated = sum((entry.message.dry_kg for entry in ledger.of(ShipmentLotAllocated)), ZERO)
    transit, differences = _under_way(ledger)
    batches = sum(
        (entered(entry.message) - _made(entry.message) for entry in ledger.of(BatchProcessed)), ZERO
    )
    nowhere = mined + weighing + differences - sum(stock.values()) - transit - allocated - batches
    figures = (
        ("mined", f"{mined:,} kg dry"),
        *((f"stock in {service}", f"{kg:,} kg") for service, kg in stock.items()),
        ("in transit", f"{transit:,} kg"),
        ("allocated to shipments", f"{allocated:,} kg"),
        ("lost, kept or turned by batches", f"{batches:,} kg"),
        ("weighing and transit differences", f"{weighing + differences:,} kg"),
        ("from nowhere", f"{-nowhere:,} kg"),
    )
    wrong = (Violation("the whole chain", f"{-nowhere} kg dry come from nowhere"),) if nowhere else ()
    return Verdict("every kilogram is somewhere", f"{mined:,} kg mined", wrong, figures)


def _made(batch: BatchProcessed) -> Decimal:
    """What lots were born with; opening stock in process counts as if it had been fed."""
    opening = batch.wip.opening.dry_kg if batch.wip else ZERO
    closing = batch.wip.closing.dry_kg if batch.wip else ZERO
    lost = sum((loss.dry_kg for loss in batch.losses), ZERO)
    return left(batch) - lost - closing + opening


def _under_way(ledger: Ledger) -> tuple[Decimal, Decimal]:
    """Dry kg despatched and not arrived, and the differences of complete receipts."""
    transit = sum((entry.message.dry_kg for entry in ledger.of(LotDespatched)), ZERO)
    differences = ZERO
    for told in receipts(ledger).values():
        for entry in told:
            transit -= entry.message.dry_kg
            if entry.message.complete:
                difference = entry.message.difference_dry_kg or ZERO
                differences += difference
                transit += difference
    return transit, differences
