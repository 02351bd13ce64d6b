"""What a check of the ledger says: figures, and what must not be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from orestream.chassis.records import Fetched
from orestream.cli.ledger import Ledger

GRAM = Decimal("0.001")
"""Stated masses have three decimals; their sums are exact, what was multiplied is off by one at most."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must not be."""

    where: str
    """A record (`topic/partition/offset`), or the lot, batch or shipment it is about."""
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check found.

    Attributes:
        check: what is promised, in a few words.
        counted: how many things were looked at, and what they are: `42 records`.
        violations: what breaks the promise.
        figures: names and values worth printing.
    """

    check: str
    counted: str
    violations: tuple[Violation, ...] = ()
    figures: tuple[tuple[str, str], ...] = ()


Check = Callable[[Ledger], Verdict]


def plural(count: int, thing: str, things: str = "") -> str:
    """`1 lot`, `2 lots`, `2 batches`."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def at(record: Fetched) -> str:
    """Where a record stands."""
    return record.at
