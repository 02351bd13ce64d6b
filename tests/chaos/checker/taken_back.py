"""What `orestream recover` took back: visible records of a database that has no outbox rows for them.

The rows of what was decided after a backup was taken stay in the lost database. Recovery sets the head of the
outbox and its numbering to the cursor, so that positions are missing between the rows of the backup and those
that came after. Such a gap is believed only where the run recovered that service, where a visible cursor has
the position and the link at its end, and where there are as many sequences in it as positions.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from tests.chaos.checker.derived import own_records, rows_by_id, services
from tests.chaos.checker.evidence import SERVICES, Evidence
from tests.chaos.checker.records import Record, Series

RECOVERING = ("recovered", "promoted")
"""How the names of faults begin after which a database may be recovered."""
MOST_FACTS = 2_000
"""Of one decision."""
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:orestream")


@dataclass(frozen=True, slots=True)
class Gap:
    """Positions of an outbox that its recovery passed over."""

    first: int
    last: int
    link: str
    """Of the last one, as the cursor told it."""
    sequences: Mapping[Series, range]
    """What became visible meanwhile."""

    def has(self, record: Record) -> bool:
        """Whether the record stands where one of the missing rows belongs."""
        return record.sequence in self.sequences.get(record.series, range(0))


@dataclass(frozen=True, slots=True)
class _Cursor:
    link: str
    sequences: Mapping[Series, int]


@lru_cache(maxsize=1)
def gaps(evidence: Evidence) -> Mapping[str, tuple[Gap, ...]]:
    """Service → what was taken back into its database, in order."""
    return {
        service: tuple(_gaps(evidence, service)) if _recovered(evidence, service) else ()
        for service in services(evidence)
    }


def _recovered(evidence: Evidence, service: str) -> bool:
    """Whether a fault may have made it necessary; one that names no service concerns them all."""
    targets = [fault.target for fault in evidence.faults if fault.fault.startswith(RECOVERING)]
    return any(service in one or not any(name in one for name in SERVICES) for one in targets)


def gap_at(evidence: Evidence, service: str, position: int) -> Gap | None:
    """The gap that a position lies in."""
    return next((gap for gap in gaps(evidence)[service] if gap.first <= position <= gap.last), None)


def gap_of(evidence: Evidence, service: str, record: Record) -> Gap | None:
    """The gap that a record without a row belongs in."""
    return next((gap for gap in gaps(evidence)[service] if gap.has(record)), None)


@lru_cache(maxsize=1)
def places(evidence: Evidence) -> Mapping[str, Mapping[str, tuple[int, int]]]:
    """Service → `ce_id` → by what its visible records are put in the order in which they were decided.

    That is the row's position; what was taken back comes where its gap is, each partition in its own order,
    across partitions by the time at which they were written.
    """
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for service, records in own_records(evidence).items():
        rows, told = rows_by_id(evidence)[service], found.setdefault(service, {})
        latest: dict[Series, int] = {}
        for record in records:
            row = rows.get(record.id)
            gap = gap_of(evidence, service, record) if row is None else None
            latest[record.series] = max(latest.get(record.series, 0), record.timestamp_ms)
            at = row.position if row else gap.first if gap else 0
            told[record.id] = at, latest[record.series] if gap else 0
    return found


def is_derived(evidence: Evidence, record: Record) -> bool:
    """Whether a fact's id is the one that its writer gives to what follows from its cause."""
    return any(
        record.id == str(uuid.uuid5(_NAMESPACE, f"{record.source}\n{source}\n{record.cause}\n{index}"))
        for source in _sources(evidence).get(record.cause, ())
        for index in range(MOST_FACTS)
    )


@lru_cache(maxsize=1)
def _sources(evidence: Evidence) -> Mapping[str, Collection[str]]:
    """`ce_id` → who says that he wrote it."""
    found: dict[str, set[str]] = {}
    for records in evidence.records.values():
        for record in records:
            if record.id:
                found.setdefault(record.id, set()).add(record.source)
    return found


def _gaps(evidence: Evidence, service: str) -> Iterator[Gap]:
    database, cursors = evidence.databases[service], _cursors(evidence, service)
    ends = [(row.position, row.previous_link, row) for row in database.outbox]
    told: dict[Series, int] = {}
    following = 1
    for position, link, row in [*ends, (database.head[0] + 1, database.head[1], None)]:
        if position > following:
            cursor = cursors.get(position - 1)
            gap = _gap(following, position - 1, told, cursor)
            if cursor is not None and gap is not None and cursor.link == link:
                told.update(cursor.sequences)
                yield gap
        if row is not None:
            told[row.series] = row.sequence
        following = position + 1


def _gap(first: int, last: int, told: Mapping[Series, int], cursor: _Cursor | None) -> Gap | None:
    """None where what became visible meanwhile is not what is missing."""
    if cursor is None:
        return None
    sequences = {
        series: range(told.get(series, 0) + 1, end + 1)
        for series, end in cursor.sequences.items()
        if end > told.get(series, 0)
    }
    if sum(map(len, sequences.values())) != last - first + 1:
        return None
    return Gap(first, last, cursor.link, sequences)


def _cursors(evidence: Evidence, service: str) -> Mapping[int, _Cursor]:
    """Position → the cursor there; one that cannot be read is another check's to tell of."""
    found: dict[int, _Cursor] = {}
    for record in evidence.of(evidence.run.cursor_topic(service)):
        try:
            told = json.loads(record.value or b"")
            sequences = {
                (topic, int(partition)): int(last)
                for topic, partitions in told["sequences"].items()
                for partition, last in partitions.items()
            }
            found[int(told["position"])] = _Cursor(str(told["link"]), sequences)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found
