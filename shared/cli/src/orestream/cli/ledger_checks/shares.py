"""Parents' and origins' shares add up to the whole lot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from orestream.cli.ledger import Ledger
from orestream.cli.ledger_checks.verdict import Verdict, Violation, plural
from orestream.contracts.lots import LotBlended, LotDespatched, LotSplit
from orestream.contracts.mining import LotMined
from orestream.contracts.parts import Parent
from orestream.contracts.processing import LotProduced
from orestream.contracts.shipments import ShipmentLotAllocated

STEP = Decimal("0.0001")
"""Shares have four decimals."""


def check_shares(ledger: Ledger) -> Verdict:
    """Σ of shares is 1, and each parent's share is its dry mass among all that went in."""
    looked = 0
    found: list[Violation] = []
    for entry in ledger.of(LotMined, LotProduced, LotSplit, LotBlended, LotDespatched, ShipmentLotAllocated):
        looked += 1
        fact = entry.message
        found.extend(_whole(fact.lot_id, "origins", [origin.share for origin in fact.origins]))
        family: Sequence[Parent] = getattr(fact, "parents", ())
        if family:
            found.extend(_whole(fact.lot_id, "parents", [parent.share for parent in family]))
            found.extend(_proportions(fact.lot_id, family))
    return Verdict("shares add up", plural(looked, "fact"), tuple(found))


def _whole(lot: str, of: str, shares: Iterable[Decimal]) -> Iterator[Violation]:
    stated = list(shares)
    total = sum(stated, Decimal(0))
    if abs(total - 1) > STEP * max(len(stated), 1):
        yield Violation(lot, f"the shares of its {of} add up to {total}")


def _proportions(lot: str, family: Sequence[Parent]) -> Iterator[Violation]:
    total = sum((parent.dry_kg for parent in family), Decimal(0))
    if not total:
        return
    for parent in family:
        # rounding may give the last ten-thousandth to another parent, so that the sum is 1
        if abs(parent.share - parent.dry_kg / total) > STEP * len(family):
            yield Violation(
                lot,
                f"{parent.lot_id} brought {parent.dry_kg} of {total} kg, its share is stated {parent.share}",
            )
