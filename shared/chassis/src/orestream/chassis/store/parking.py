"""What is parked, as one row that every decision reads: while nothing is, this costs one row a batch.

It is an aggregate of the chassis's own, so its version guards it like any other: whoever parks or releases
a key conflicts with every decision made without knowing of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from orestream.chassis.store.aggregates import Change, Stored, commit, read
from orestream.chassis.store.transaction import Transaction
from orestream.contracts.decision import Ref

PARKING = Ref("parking", "keys")
PARKED_KIND = "parked"
RESERVED_KINDS = frozenset({PARKING.kind, PARKED_KIND})
FORMAT = 1


def parked_ref(key: str) -> Ref:
    """What a command waits for while a key is parked."""
    return Ref(PARKED_KIND, key)


@dataclass(frozen=True, slots=True)
class Parking:
    """Everything that is parked, and whether the breaker is open."""

    keys: Mapping[str, int] = field(default_factory=dict)
    """Key → how many records are set aside under it."""
    next_place: int = 1
    breaker: str | None = None
    """Why the service has stopped itself; None while it works."""

    def with_one_more(self, key: str) -> Parking:
        """One record more under a key, at `next_place`."""
        return replace(
            self, keys={**self.keys, key: self.keys.get(key, 0) + 1}, next_place=self.next_place + 1
        )

    def with_one_less(self, key: str) -> Parking:
        """One record less; a key without records is not parked any more."""
        keys = {**self.keys, key: self.keys[key] - 1}
        return replace(self, keys={name: count for name, count in keys.items() if count})


def load(stored: Stored | None) -> Parking:
    """The state in its row."""
    if stored is None or stored.text is None:
        return Parking()
    return Parking(**json.loads(stored.text))


def dump(parking: Parking) -> str:
    """The text of its row."""
    return json.dumps(
        {"keys": dict(parking.keys), "next_place": parking.next_place, "breaker": parking.breaker}
    )


async def current(transaction: Transaction) -> Parking:
    """What is parked now."""
    return load((await read(transaction, [PARKING])).get(PARKING))


async def set_breaker(transaction: Transaction, why: str | None) -> None:
    """Open or close the breaker; the first reason stays. Raises Conflict."""
    stored = (await read(transaction, [PARKING])).get(PARKING)
    parking = load(stored)
    if why is not None and parking.breaker is not None:
        return
    text = dump(replace(parking, breaker=why))
    await commit(transaction, [Change(PARKING, stored.version if stored else None, FORMAT, text)], {}, {})
