"""What a service knows of lots: stock, kinship and holds. Folded from facts, never judged here.

Kinds of aggregate, apart because they change for different reasons: `lot` is the stock that a service
has, had or expects; `assays` is what laboratories found in it; `kin` is the lot's place in the
genealogy; these two are known in every service that reads of the lot. `hold` is one hold or quarantine,
so that lifting it is one small change however many lots are under it.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from orestream.contracts.lots import LotReceived
from orestream.contracts.parts import Assay, Origin, Parent, Result

ZERO = Decimal("0.000")

LOT = "lot"
ASSAYS = "assays"
KIN = "kin"
HOLD = "hold"
TICKET = "ticket"
SEAL = "seal"
CERTIFICATE = "certificate"

Birth = Literal["mined", "produced", "split", "blended"]


@dataclass(frozen=True, slots=True)
class Assays:
    """Every assay of a lot that this service has read or recorded, by sampling time."""

    id: str
    on_file: tuple[Assay, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """A lot despatched to this service and not yet, or not yet completely, received."""

    id: str
    material: str
    mineral: str | None
    despatched_wet_kg: Decimal
    despatched_dry_kg: Decimal
    despatched_at: datetime
    results: tuple[Result, ...]
    certificates: tuple[str, ...]
    origins: tuple[Origin, ...]
    synthetic: bool
    received_wet_kg: Decimal = ZERO
    received_dry_kg: Decimal = ZERO
    received_moisture_pct: Decimal | None = None
    """Of all receipts so far; that of the one receipt as it was stated."""
    taken_dry_kg: Decimal = ZERO
    """Drawn from it already: only while a database is taken back, where a draw may precede its receipt."""
    state: Literal["expected"] = "expected"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as it was told."""

    fact: LotReceived
    at: datetime


@dataclass(frozen=True, slots=True)
class Early:
    """A lot of which this service has told more already than how it came to be here.

    Only while a database is taken back from the visible facts, which come in order for each key, not across.
    """

    id: str
    receipts: tuple[Receipt, ...] = ()
    taken_dry_kg: Decimal = ZERO
    state: Literal["early"] = "early"


@dataclass(frozen=True, slots=True)
class InStock:
    """A lot that this service has; its stock is what has not been drawn yet, counted dry."""

    id: str
    material: str
    mineral: str | None
    stock_dry_kg: Decimal
    moisture_pct: Decimal
    entered_dry_kg: Decimal
    """What came in, mined, made or received: the scale's tolerance is a part of this."""
    entered_at: datetime
    results: tuple[Result, ...]
    """Book results on a dry basis, from the batch, parent or parts it was made of."""
    certificates: tuple[str, ...]
    """On which the book results rest."""
    origins: tuple[Origin, ...]
    synthetic: bool
    state: Literal["in-stock"] = "in-stock"


@dataclass(frozen=True, slots=True)
class Departed:
    """A lot that has left this service; later assays of it are still recorded and told."""

    id: str
    material: str
    mineral: str | None
    to: str
    despatched_at: datetime
    results: tuple[Result, ...] = ()
    """Book results it left with: a later assay of a blend is held against them."""
    state: Literal["departed"] = "departed"


Lot = Expected | Early | InStock | Departed


def has(ids: tuple[str, ...], one: str) -> bool:
    """Whether an id is among sorted ones, of which there may be many thousands."""
    at = bisect_left(ids, one)
    return at < len(ids) and ids[at] == one


def with_one(ids: tuple[str, ...], one: str) -> tuple[str, ...]:
    """Sorted ids and one more, which may be among them."""
    at = bisect_left(ids, one)
    return ids if at < len(ids) and ids[at] == one else (*ids[:at], one, *ids[at:])


@dataclass(frozen=True, slots=True)
class Kin:
    """A lot's place in the genealogy. `birth` is None while only others have spoken of it."""

    id: str
    birth: Birth | None = None
    service: str | None = None
    """Which service told of its birth."""
    born_at: datetime | None = None
    material: str | None = None
    mineral: str | None = None
    wet_kg: Decimal = ZERO
    dry_kg: Decimal = ZERO
    batch_id: str | None = None
    parents: tuple[Parent, ...] = ()
    certificates: tuple[str, ...] = ()
    """On which its book results rest (splits and blends), or its batch's inputs rested (products)."""
    children: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    """Holds that a fact has put on this very lot; those of its ancestors are derived."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold or quarantine, in force from `occurred_at` until `lifted_at`."""

    id: str
    kind: Literal["hold", "quarantine"]
    cause: str
    root: str
    certificate: str | None
    reason: str
    authority: str | None
    by: str
    occurred_at: datetime
    own: bool = False
    """Whether this service put it; only there is it lifted."""
    lifted_at: datetime | None = None
    lifted_by: str | None = None
    lift_reason: str | None = None
    lift_authority: str | None = None
    lots: tuple[str, ...] = ()
    """Every lot that a fact has named under it, sorted."""
    freed: tuple[str, ...] = ()
    """Those that a fact has named free of it again, sorted."""

    def in_force(self, at: datetime) -> bool:
        """Whether it holds at that moment."""
        return self.occurred_at <= at and (self.lifted_at is None or at < self.lifted_at)

    def names(self, lot_id: str) -> bool:
        """Whether a fact has put the lot under it."""
        return has(self.lots, lot_id)


@dataclass(frozen=True, slots=True)
class Used:
    """A ticket number, seal or certificate of a sample that has been used, and for which lot."""

    id: str
    lot_id: str
