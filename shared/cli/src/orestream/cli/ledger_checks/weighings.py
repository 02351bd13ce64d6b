"""Stated masses follow from what was weighed: net is gross less tare, dry is wet less moisture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from orestream.cli.ledger import Ledger
from orestream.cli.ledger_checks.verdict import Verdict, Violation, plural
from orestream.contracts.lots import LotReceived
from orestream.contracts.mining import LotMined
from orestream.contracts.parts import Ticket
from orestream.contracts.processing import LotProduced
from orestream.metallurgy.quantities import dry_kg, kg


def check_weighings(ledger: Ledger) -> Verdict:
    """Of every lot mined, produced or received; and no weighbridge ticket is counted twice."""
    looked = 0
    found: list[Violation] = []
    used: dict[tuple[str, str], str] = {}
    for entry in ledger.of(LotMined, LotReceived, LotProduced):
        looked += 1
        fact = entry.message
        found.extend(_dry(fact.lot_id, fact.wet_kg, fact.moisture_pct, fact.dry_kg))
        if not isinstance(fact, LotProduced):
            found.extend(_net(fact.lot_id, fact.tickets, fact.wet_kg))
            found.extend(_counted_twice(used, fact.tickets, entry.record.at))
    return Verdict("masses follow from their weighings", plural(looked, "weighing"), tuple(found))


def _dry(lot: str, wet: Decimal, moisture_pct: Decimal, stated: Decimal) -> Iterator[Violation]:
    expected = dry_kg(wet, moisture_pct)
    if expected != stated:
        yield Violation(
            lot, f"{wet} kg wet at {moisture_pct} % are {expected} kg dry, {stated} kg are stated"
        )


def _net(lot: str, tickets: Iterable[Ticket], stated: Decimal) -> Iterator[Violation]:
    net = kg(sum((ticket.gross_kg - ticket.tare_kg for ticket in tickets), Decimal(0)))
    if net != stated:
        yield Violation(lot, f"its tickets weigh {net} kg net, {stated} kg wet are stated")


def _counted_twice(
    used: dict[tuple[str, str], str], tickets: Iterable[Ticket], where: str
) -> Iterator[Violation]:
    for ticket in tickets:
        known = used.setdefault((ticket.weighbridge, ticket.number), where)
        if known != where:
            yield Violation(
                where, f"ticket {ticket.number} of {ticket.weighbridge} is counted at {known} too"
            )
