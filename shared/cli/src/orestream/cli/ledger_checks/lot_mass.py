"""No lot gives more than it holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from orestream.cli.ledger import Ledger
from orestream.cli.ledger_checks.verdict import Verdict, Violation, plural
from orestream.contracts.lots import LotBlended, LotDespatched, LotDrawn, LotReceived, LotSplit
from orestream.contracts.message import Message
from orestream.contracts.mining import LotMined
from orestream.contracts.processing import LotProduced
from orestream.contracts.shipments import ShipmentLotAllocated

ZERO = Decimal("0.000")
MOVES_MASS = (
    LotMined,
    LotProduced,
    LotSplit,
    LotBlended,
    LotReceived,
    LotDrawn,
    LotDespatched,
    ShipmentLotAllocated,
)


@dataclass(slots=True)
class Account:
    """A lot's dry kg in one service."""

    born: Decimal = ZERO
    received: Decimal = ZERO
    drawn: Decimal = ZERO
    despatched: Decimal = ZERO
    allocated: Decimal = ZERO
    difference: Decimal = ZERO
    """Weighing differences: how much more than the stock last draws took."""

    @property
    def stock(self) -> Decimal:
        """What is left."""
        entered = self.born + self.received + self.difference
        return entered - self.drawn - self.despatched - self.allocated


def accounts(ledger: Ledger) -> Mapping[tuple[str, str], Account]:
    """(service, lot) → its account."""
    found: dict[tuple[str, str], Account] = defaultdict(Account)
    for entry in ledger.of(*MOVES_MASS):
        _post(found[entry.envelope.service, entry.message.lot_id], entry.message)
    return found


def _post(account: Account, fact: Message) -> None:
    match fact:
        case LotMined() | LotProduced() | LotSplit() | LotBlended():
            account.born += fact.dry_kg
        case LotReceived():
            account.received += fact.dry_kg
        case LotDrawn():
            account.drawn += fact.dry_kg
            account.difference += fact.difference_dry_kg or ZERO
        case LotDespatched():
            account.despatched += fact.dry_kg
        case ShipmentLotAllocated():
            account.allocated += fact.dry_kg
            account.difference += fact.difference_dry_kg or ZERO
        case _:
            raise TypeError(f"{type(fact).__name__} moves no mass")


def check_lot_mass(ledger: Ledger) -> Verdict:
    """Births + receipts + weighing differences − draws − despatches − allocations ≥ 0, lot by lot."""
    found = accounts(ledger)
    violations = [
        violation for (service, lot), account in found.items() for violation in _wrong(service, lot, account)
    ]
    differences = sum((account.difference for account in found.values()), ZERO)
    return Verdict(
        "no lot gives more than it holds",
        plural(len({lot for _, lot in found}), "lot"),
        tuple(violations),
        (("weighing differences", f"{differences:,} kg dry"),),
    )


def _wrong(service: str, lot: str, account: Account) -> Iterator[Violation]:
    stock = account.stock
    if stock < 0:
        yield Violation(lot, f"in {service} it gave {-stock} kg dry more than it held")
    if account.difference and stock > 0:
        yield Violation(
            lot,
            f"in {service} a weighing difference of {account.difference} kg was posted, {stock} kg are left",
        )
    if account.despatched and not account.received and stock > 0:
        yield Violation(lot, f"it left {service} whole, yet {stock} kg dry are left there")
