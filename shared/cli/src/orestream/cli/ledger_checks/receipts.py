"""What arrives is held against what left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from orestream.cli.ledger import Entry, Ledger
from orestream.cli.ledger_checks.verdict import Verdict, Violation, plural
from orestream.contracts.lots import LotDespatched, LotReceived

Receipts = Mapping[tuple[str, str], Sequence[Entry[LotReceived]]]
"""(service, lot) → its receipts, in their order."""


def receipts(ledger: Ledger) -> Receipts:
    """Receipts by where they were weighed in."""
    found: dict[tuple[str, str], list[Entry[LotReceived]]] = defaultdict(list)
    for entry in ledger.of(LotReceived):
        found[entry.envelope.service, entry.message.lot_id].append(entry)
    return found


def check_receipts(ledger: Ledger) -> Verdict:
    """Only what was despatched is received; totals, differences and verdicts follow from the weighings."""
    despatched: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for entry in ledger.of(LotDespatched):
        despatched[entry.message.to, entry.message.lot_id].append(entry.message.dry_kg)
    arrived = receipts(ledger)
    found: list[Violation] = []
    for (service, lot), told in arrived.items():
        found.extend(_against_despatch(service, lot, told, despatched.get((service, lot), [])))
        found.extend(_totals(lot, told))
    loss = sum(
        (entry.message.difference_dry_kg or Decimal(0) for told in arrived.values() for entry in told),
        Decimal(0),
    )
    return Verdict(
        "what arrives is held against what left",
        plural(len(arrived), "receipt"),
        tuple(found),
        (("transit differences", f"{loss:,} kg dry"),),
    )


def _against_despatch(
    service: str, lot: str, told: Sequence[Entry[LotReceived]], despatched: Sequence[Decimal]
) -> Iterator[Violation]:
    if not despatched:
        yield Violation(lot, f"{service} received it, and it was never despatched there")
    for entry in told:
        if despatched and entry.message.despatched_dry_kg not in despatched:
            yield Violation(
                lot, f"it is held against {entry.message.despatched_dry_kg} kg dry; {despatched[-1]} kg left"
            )


def _totals(lot: str, told: Sequence[Entry[LotReceived]]) -> Iterator[Violation]:
    wet = dry = Decimal(0)
    for entry in told:
        fact = entry.message
        wet, dry = wet + fact.wet_kg, dry + fact.dry_kg
        if (fact.total_wet_kg, fact.total_dry_kg) != (wet, dry):
            yield Violation(
                lot, f"{wet} kg wet, {dry} kg dry arrived so far; {fact.total_dry_kg} dry are stated"
            )
        if fact.complete:
            difference = fact.total_dry_kg - fact.despatched_dry_kg
            if fact.difference_dry_kg != difference:
                yield Violation(
                    lot, f"the difference is {difference} kg, {fact.difference_dry_kg} are stated"
                )
            if not _says(fact.verdict, difference):
                yield Violation(lot, f"a difference of {difference} kg is called {fact.verdict}")
            wet = dry = Decimal(0)


def _says(verdict: str, difference: Decimal) -> bool:
    match verdict:
        case "transit-loss":
            return difference < 0
        case "transit-gain":
            return difference > 0
        case "exact":
            return difference == 0
        case _:
            return verdict == "beyond-franchise" and difference != 0
