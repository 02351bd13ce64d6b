"""What every contender in the benchmark does: one event in, a lot's durable state, one event out.

An event is some 600 bytes of JSON in 15 fields, which pydantic validates on the way in and writes on the way
out. Nothing here knows how a contender keeps the state or its promises.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from orestream.contracts.message import Fact
from orestream.contracts.topics import MINING_LOTS, PROCESSING_LOTS, partition_of
from orestream.contracts.wire import Envelope, Headers, encode, fact_id, source_of

INPUT = MINING_LOTS
OUTPUT = PROCESSING_LOTS
SOURCE = source_of("main", "mining")

_Id = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,39}$")]
_Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Kg = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=3)]
_START = datetime(2025, 9, 3, 6, 0, tzinfo=UTC)


class LotWeighed(Fact):
    """A lorry of ore was weighed."""

    TYPE: ClassVar = "orestream.lot.weighed.v1"
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: _Id
    ticket: _Id
    source_id: _Id
    licence: _Word
    weighbridge: _Id
    lorry: _Id
    driver: _Word
    haulier: _Word
    material: Literal["antimony-ore", "rare-earth-ore", "copper-ore"]
    gross_kg: _Kg
    tare_kg: _Kg
    moisture_pct: Annotated[Decimal, Field(ge=0, lt=100)]
    weighed_at: AwareDatetime
    destination: _Word
    remarks: Annotated[str, StringConstraints(max_length=500)]


class LotTallied(Fact):
    """How much ore a lot has by now."""

    TYPE: ClassVar = "orestream.lot.tallied.v1"
    KEYED_BY: ClassVar = ("lot_id",)

    lot_id: _Id
    ticket: _Id
    source_id: _Id
    licence: _Word
    weighbridge: _Id
    haulier: _Word
    material: Literal["antimony-ore", "rare-earth-ore", "copper-ore"]
    loads: Annotated[int, Field(ge=1)]
    net_kg: _Kg
    wet_kg: _Kg
    dry_kg: _Kg
    first_at: AwareDatetime
    last_at: AwareDatetime
    destination: _Word
    remarks: Annotated[str, StringConstraints(max_length=500)]


@dataclass(frozen=True, slots=True)
class Tally:
    """A lot's durable state."""

    lot_id: str
    material: str
    loads: int
    wet_kg: Decimal
    dry_kg: Decimal
    first_at: datetime
    last_at: datetime
    last_ticket: str


def tallied(tally: Tally | None, event: LotWeighed) -> Tally:
    """The lot's state with one load more."""
    net = event.gross_kg - event.tare_kg
    dry = _grams(net * (100 - event.moisture_pct) / 100)
    if tally is None:
        return Tally(
            event.lot_id, event.material, 1, net, dry, event.weighed_at, event.weighed_at, event.ticket
        )
    return Tally(
        tally.lot_id,
        tally.material,
        tally.loads + 1,
        tally.wet_kg + net,
        tally.dry_kg + dry,
        tally.first_at,
        event.weighed_at,
        event.ticket,
    )


def told(tally: Tally, event: LotWeighed) -> LotTallied:
    """What is published of it."""
    return LotTallied(
        lot_id=event.lot_id,
        ticket=event.ticket,
        source_id=event.source_id,
        licence=event.licence,
        weighbridge=event.weighbridge,
        haulier=event.haulier,
        material=event.material,
        loads=tally.loads,
        net_kg=event.gross_kg - event.tare_kg,
        wet_kg=tally.wet_kg,
        dry_kg=tally.dry_kg,
        first_at=tally.first_at,
        last_at=tally.last_at,
        destination=event.destination,
        remarks=event.remarks,
    )


@dataclass(frozen=True, slots=True)
class Input:
    """One record for the input topic, with the headers that a service writes."""

    partition: int
    key: bytes
    headers: Headers
    value: bytes


class Feed:
    """Input records without end; sequences go on from one call to the next.

    Args:
        keys: how many lots the events are about, in turns.
        partitions: of the input topic.
    """

    def __init__(self, keys: int, partitions: int) -> None:
        self._keys = [f"LOT-{number:07d}" for number in range(keys)]
        self._partition = [partition_of(key.encode(), partitions) for key in self._keys]
        self._sequence = [0] * partitions
        self._number = 0

    def events(self, count: int) -> Iterator[Input]:
        """So many records more."""
        for number in range(self._number, self._number + count):
            yield self._event(number)
        self._number += count

    def _event(self, number: int) -> Input:
        turn = number % len(self._keys)
        lot_id, partition = self._keys[turn], self._partition[turn]
        self._sequence[partition] += 1
        cause = f"weigh-{number:09d}"
        envelope = Envelope(
            id=fact_id(SOURCE, "/orestream/main/cli", cause, 0),
            source=SOURCE,
            type=LotWeighed.TYPE,
            subject=lot_id,
            time=_START + timedelta(seconds=number),
            correlation_id=cause,
            causation_id=cause,
            sequence=self._sequence[partition],
            traceparent=f"00-{number + 1:032x}-{number + 1:016x}-01",
        )
        record = encode(weighed(number, lot_id), envelope)
        return Input(partition, record.key, record.headers, record.value)


def events(count: int, keys: int, partitions: int) -> Iterator[Input]:
    """The first records of a feed."""
    return Feed(keys, partitions).events(count)


def weighed(number: int, lot_id: str) -> LotWeighed:
    """The event of that number; each is a little different."""
    return LotWeighed(
        lot_id=lot_id,
        ticket=f"WB-2025-{number:09d}",
        source_id=f"SRC-{number % 40:03d}",
        licence="Mineral title SYN-2025-0042, Balochistan",
        weighbridge=f"BRIDGE-{number % 4 + 1}",
        lorry=f"TKR-{number % 700:04d}",
        driver=f"driver {number % 900:04d}, roster B",
        haulier="Synthetic Ore Haulage Company",
        material="antimony-ore",
        gross_kg=Decimal(38_000_000 + number % 9_000 * 20) / 1000,
        tare_kg=Decimal(14_200_000 + number % 700 * 20) / 1000,
        moisture_pct=Decimal(200 + number % 300) / 100,
        weighed_at=_START + timedelta(seconds=number),
        destination="Run-of-mine pad 3, crusher line B",
        remarks="Tarpaulin closed and sealed at the pit; moisture by grab sample from three corners; "
        "driver shown the reading and content with it; road dry, axles in order.",
    )


def _grams(mass: Decimal) -> Decimal:
    return mass.quantize(Decimal("0.001"))
