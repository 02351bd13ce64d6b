"""Everything a run left behind, as plain frozen data: what was sent, what is visible, what is stored.

Two objects of it are never compared, so that what is derived from one can be remembered by its identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.chaos.checker.records import Record, Series

SERVICES = ("mining", "processing", "export")
OUTCOMES = "orestream.outcomes.v1"
FACT_TOPICS = (
    "orestream.mining.lots.v1",
    "orestream.processing.lots.v1",
    "orestream.export.shipments.v1",
    "orestream.export.settlements.v1",
)
FACTS_READ = {"mining": (), "processing": FACT_TOPICS[:1], "export": FACT_TOPICS[:2]}
"""Which fact topics each service reads."""

FIRST_READER = "read_committed"
SECOND_READER = "read_committed again"
UNCOMMITTED_READER = "read_uncommitted"
THIRD_READER = "kcat"

Reading = Mapping[Series, tuple[tuple[int, bytes], ...]]
"""What one reader saw: partition → offset and print of each record, in order."""


@dataclass(frozen=True, slots=True)
class Run:
    """What `run.json` says."""

    site: str = "main"
    bootstrap: str = ""
    databases: Mapping[str, str] = field(default_factory=dict)
    healed_at: float | None = None
    quiet_at: float | None = None
    lag_limit_s: float = 120.0
    """Within how many seconds after the last fault everything must be taken in."""
    rss_limit_mb: float = 400.0

    def commands_topic(self, service: str) -> str:
        """Where a service takes commands."""
        return f"orestream.{self.site}.{service}.commands.v1"

    def parked_topic(self, service: str) -> str:
        """Where a service tells what it has set aside."""
        return f"orestream.{self.site}.{service}.parked.v1"

    def cursor_topic(self, service: str) -> str:
        """Where a service's relay keeps its place."""
        return f"orestream.{self.site}.{service}.cursor"

    def source(self, service: str) -> str:
        """`ce_source` of a service."""
        return f"/orestream/{self.site}/{service}"

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic of the site."""
        own = (self.commands_topic, self.parked_topic, self.cursor_topic)
        return (*FACT_TOPICS, OUTCOMES, *(name(service) for service in SERVICES for name in own))


@dataclass(frozen=True, slots=True)
class Sent:
    """One message of the history, with what became of it."""

    n: int
    at: float
    topic: str
    key: str | None
    id: str | None
    kind: str
    service: str
    sha256: str
    end: str = "failed"
    """`acked`, `failed` (in the log or not), `aborted`; failed where the history says nothing."""
    partition: int = -1
    offset: int = -1

    @property
    def place(self) -> str:
        """Where it was acknowledged."""
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Fault:
    """What was done to the system."""

    at: float
    until: float | None
    fault: str
    target: str


@dataclass(frozen=True, slots=True)
class ProcessSample:
    """One process at one moment."""

    at: float
    process: str
    rss_mb: float | None
    lag: float | None
    outbox: float | None


@dataclass(frozen=True, slots=True)
class OffsetSample:
    """One service's database at one moment."""

    at: float
    service: str
    offsets: Mapping[str, int]
    """`topic/partition` → next offset."""
    position: int
    link: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an outbox, its bytes as prints."""

    position: int
    link: str
    previous_link: str
    decision_end: bool
    topic: str
    partition: int
    sequence: int
    key: bytes | None
    print: bytes
    id: str
    type: str
    cause: str

    @property
    def series(self) -> Series:
        """Its topic and partition."""
        return self.topic, self.partition


@dataclass(frozen=True, slots=True)
class Waiting:
    """One queued command."""

    key: str
    place: int
    command_id: str
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Parked:
    """One record set aside and still there."""

    place: int
    key: str
    at: str
    behind: str | None


@dataclass(frozen=True, slots=True)
class Database:
    """One service's database."""

    intake: Mapping[Series, int]
    """Next offsets."""
    received: Mapping[tuple[str, str, int], int]
    """Source, topic and partition → the last sequence taken in."""
    aggregates: Mapping[tuple[str, str], str | None]
    """Kind and id → state as JSON; None for a placeholder."""
    outcomes: Mapping[str, tuple[str, str, str]]
    """Command id → digest, status, answer."""
    lanes: Mapping[str, bool]
    """Key → ready."""
    waiting: tuple[Waiting, ...]
    waits_for: tuple[tuple[str, str, str, int], ...]
    """Kind and id of what is waited for, key and place of who waits."""
    parked: tuple[Parked, ...]
    outbox: tuple[Row, ...]
    """By position."""
    head: tuple[int, str]
    sequences: Mapping[Series, int]
    tasks: tuple[tuple[str, str], ...] = ()
    """Kind and cause of what decisions have left to be told."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """All of it."""

    run: Run
    history: tuple[Sent, ...]
    faults: tuple[Fault, ...]
    processes: tuple[ProcessSample, ...]
    offsets: tuple[OffsetSample, ...]
    partitions: Mapping[str, int]
    """Topic → partition count."""
    records: Mapping[str, tuple[Record, ...]]
    """Topic → what read_committed shows, each partition in order."""
    readings: Mapping[str, Reading]
    """Reader → what it saw."""
    ends: Mapping[Series, int]
    """High watermarks, taken before reading."""
    hidden: Mapping[Series, int]
    """Partitions where read_committed did not get to the high watermark, and where it stopped."""
    databases: Mapping[str, Database]
    notes: tuple[str, ...] = ()

    def having(self, **changes: Any) -> Evidence:
        """The same with something else in it."""
        return replace(self, **changes)

    def of(self, *topics: str) -> list[Record]:
        """Visible records of these topics, each partition in order."""
        return [record for topic in topics for record in self.records.get(topic, ())]
