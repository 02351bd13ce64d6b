"""Facts of another site on the shared fact topics: good ones in their own sequence, and a few that park.

The other site mines, sends its lots to a plant of its own and makes concentrate there; it is simpler than
a story, since facts have happened and nobody refuses them. A lot whose fact is bad goes on being told of,
so that good facts queue behind the bad one.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from orestream.contracts.topics import MINING_LOTS, PARTITIONS, PROCESSING_LOTS, partition_of
from tests.chaos.workload.measures import dry_of, kg, pct
from tests.chaos.workload.names import Names
from tests.chaos.workload.sending import Sending, headers_of, written
from tests.chaos.workload.story import START

_TOPICS = {"mining": MINING_LOTS, "processing": PROCESSING_LOTS}
_OPEN = 20
"""Lots told of at the same time."""


@dataclass(frozen=True, slots=True)
class _Told:
    service: str
    type: str
    key: str
    fields: Mapping[str, Any]


class OtherSite:
    """Tells one fact after the other, for ever.

    Args:
        site: its name, another than that of the site under test.
        names: for its lots.
        chance: seeded.
        bad: the share of its facts that cannot be decoded.
        partitions: of the fact topics; its sequences count per partition.
    """

    def __init__(
        self, site: str, names: Names, chance: Random, *, bad: float, partitions: int = PARTITIONS
    ) -> None:
        self._site = site
        self._names = names
        self._chance = chance
        self._bad = bad
        self._partitions = partitions
        self._sequences: Counter[tuple[str, int]] = Counter()
        self._minute = 0
        self._open: deque[Iterator[_Told]] = deque()
        self._after_bad = False

    def next(self) -> Sending:
        """The next fact. Never two bad ones one after the other: a service stops where all are bad."""
        sending = self._stamped(self._next_told())
        self._after_bad = not self._after_bad and self._chance.random() < self._bad / (1 - self._bad)
        return self._chance.choice(_SPOILERS)(sending) if self._after_bad else sending

    def _next_told(self) -> _Told:
        while True:
            if len(self._open) < _OPEN:
                self._open.append(self._lot())
            self._open.rotate(self._chance.randrange(len(self._open)))
            told = next(self._open[0], None)
            if told is not None:
                return told
            self._open.popleft()

    def _stamped(self, told: _Told) -> Sending:
        topic, key = _TOPICS[told.service], told.key.encode()
        place = (topic, partition_of(key, self._partitions))
        self._sequences[place] += 1
        headers = headers_of(
            type_=told.type,
            subject=told.key,
            id_=(id_ := str(uuid5(NAMESPACE_URL, self._names.new("fact")))),
            source=f"/orestream/{self._site}/{told.service}",
            time=self._now(),
            sequence=self._sequences[place],
        )
        return Sending(topic, key, headers, written(told.fields), "foreign", told.service, id_)

    def _now(self) -> str:
        self._minute += 1
        return (START + timedelta(minutes=self._minute)).isoformat().replace("+00:00", "Z")

    def _lot(self) -> Iterator[_Told]:
        """A source, a lot of it, and what becomes of it."""
        source_id, lot_id = self._names.new("SRC"), self._names.new("LOT")
        origin = {
            "source_id": source_id,
            "name": f"Mine {source_id}",
            "country": "PK",
            "licence": f"LIC-{source_id}",
            "operator": "Synthetic Cooperative",
            "share": "1",
        }
        # Whole kilograms at this moisture are whole grams dry: nothing is rounded.
        wet, moisture = self._chance.randint(18_000, 30_000) * 1000, 250
        dry = dry_of(wet, moisture)
        what = {"lot_id": lot_id, "material": "antimony-ore", "mineral": "stibnite"}
        weight = {"wet_kg": kg(wet), "moisture_pct": pct(moisture), "dry_kg": kg(dry), "synthetic": True}
        yield _Told("mining", "orestream.source.registered.v1", source_id, _source(origin))
        tickets = [self._ticket(wet)]
        yield _lot(lot_id, "mined", **what, **weight, tickets=tickets, origins=[origin])
        assay = self._assay(lot_id)
        yield _lot(lot_id, "assayed", lot_id=lot_id, **assay)
        if self._chance.random() < 0.3:
            yield from self._held(lot_id)
        # A type that readers of today do not know: skipped, but it counts in its sequence.
        yield _lot(lot_id, "photographed", lot_id=lot_id, pictures=3)
        recorded = {**assay, "occurred_at": self._now()}
        way = {"to": "processing", "destination": "PLANT-9", "assays": [recorded], "origins": [origin]}
        yield _lot(lot_id, "despatched", **what, **weight, **way)
        concentrate = self._names.new("CON")
        yield _Told(
            "processing",
            "orestream.lot.produced.v1",
            concentrate,
            {
                "lot_id": concentrate,
                "batch_id": self._names.new("BATCH"),
                "role": "product",
                "material": "stibnite-concentrate",
                "wet_kg": "1000.000",
                "moisture_pct": "7.00",
                "dry_kg": "930.000",
                "results": [{"analyte": "Sb", "value": "58.10", "unit": "%"}],
                "parents": [{"lot_id": lot_id, "dry_kg": kg(dry), "share": "1"}],
                "origins": [origin],
                "synthetic": True,
            },
        )

    def _held(self, lot_id: str) -> Iterator[_Told]:
        hold = {"lot_id": lot_id, "hold_id": self._names.new("c"), "kind": "hold", "root": lot_id}
        said = {"reason": "in doubt", "by": "quality", "authority": "manager", "occurred_at": self._now()}
        yield _lot(lot_id, "held", **hold, **said, cause="origin")
        ended = {"reason": "settled", "by": "director", "authority": "director", "occurred_at": self._now()}
        yield _lot(lot_id, "hold-lifted", **hold, **ended)

    def _ticket(self, wet: int) -> dict[str, str]:
        return {
            "number": self._names.new("WB"),
            "weighbridge": "far-1",
            "gross_kg": kg(wet + 14_000_000),
            "tare_kg": "14000.000",
            "weighed_at": self._now(),
        }

    def _assay(self, lot_id: str) -> dict[str, Any]:
        at = self._now()
        return {
            "certificate": {
                "number": f"CERT-{lot_id}",
                "laboratory": "Far Assay House",
                "accredited": True,
                "issued_at": at,
            },
            "sample": {"id": f"S-{lot_id}", "seal": f"SEAL-{lot_id}", "taken_at": at},
            "basis": "dry",
            "results": [{"analyte": "Sb", "value": "5.10", "unit": "%"}],
        }


def _lot(lot_id: str, done: str, /, **fields: Any) -> _Told:
    return _Told("mining", f"orestream.lot.{done}.v1", lot_id, fields)


def _source(origin: Mapping[str, str]) -> dict[str, Any]:
    licence = {
        "number": origin["licence"],
        "holder": origin["operator"],
        "issued_by": "Department",
        "valid_from": "2025-01-01",
        "expires_on": "2045-06-30",
        "commodities": ["Sb"],
    }
    said = {name: origin[name] for name in ("source_id", "name", "country", "operator")}
    owners = [{"name": origin["operator"], "country": "PK", "share_pct": "100"}]
    return {**said, "licence": licence, "owners": owners, "synthetic": True}


def _bad_time(sending: Sending) -> Sending:
    headers = tuple((n, b"yesterday" if n == "ce_time" else v) for n, v in sending.headers)
    return replace(sending, headers=headers)


def _no_sequence(sending: Sending) -> Sending:
    """It uses a number up all the same."""
    return replace(sending, headers=tuple(pair for pair in sending.headers if pair[0] != "ce_sequence"))


_SPOILERS: tuple[Callable[[Sending], Sending], ...] = (
    lambda sending: replace(sending, value=b"\x00\x01 no JSON"),
    lambda sending: replace(sending, value=(sending.value or b"")[:-5]),
    lambda sending: replace(sending, value=b"{}"),
    lambda sending: replace(sending, value=None),
    _bad_time,
    _no_sequence,
)
