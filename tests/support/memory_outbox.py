"""An outbox in memory, as the relay reads it: rows gapless and linked, leases by a clock of its own."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

from orestream.chassis.errors import DatabaseUnavailable
from orestream.chassis.records import Series
from orestream.chassis.store.outbox import Head
from orestream.chassis.store.outbox_row import OutboxRow
from orestream.chassis.wire_headers import encode

SOURCE = "/orestream/main/mining"


@dataclass(slots=True)
class MemoryOutbox:
    """`Outbox` and `LeaseRows`; `away` makes every call fail as an absent database does."""

    rows: list[OutboxRow] = field(default_factory=list)
    position: int = 0
    link: str = ""
    sequences: dict[Series, int] = field(default_factory=dict)
    leases: dict[str, tuple[str, float]] = field(default_factory=dict)
    away: bool = False
    source: str = SOURCE

    def commit(self, *decisions: Sequence[tuple[Series, bytes, bytes]]) -> None:
        """One database transaction of these decisions, each a list of (series, key, value)."""
        link, previous = secrets.token_hex(4), self.link
        for decision in decisions:
            for index, (series, key, value) in enumerate(decision):
                self.position += 1
                sequence = self.sequences[series] = self.sequences.get(series, 0) + 1
                headers = encode((("ce_source", self.source.encode()), ("ce_sequence", b"0" * 20)))
                self.rows.append(
                    OutboxRow(
                        position=self.position,
                        link=link,
                        previous_link=previous,
                        decision_end=index == len(decision) - 1,
                        topic=series.topic,
                        partition=series.partition,
                        sequence=sequence,
                        key=key,
                        encoded_headers=headers.numbered(sequence),
                        value=value,
                        timestamp_ms=1_757_000_000_000,
                    )
                )
        self.link = link

    async def outbox_after(self, position: int, limit: int, max_bytes: int) -> list[OutboxRow]:
        """See `relay.Outbox`."""
        self._reach()
        del max_bytes
        rows = [row for row in self.rows if row.position > position][:limit]
        while rows and not rows[-1].decision_end:
            rows.append(self.rows[self.rows.index(rows[-1]) + 1])
        return rows

    async def outbox_head(self) -> Head:
        """See `relay.Outbox`."""
        self._reach()
        return Head(self.position, self.link)

    async def prune_outbox(self, up_to: int, older_than: timedelta) -> int:
        """See `relay.Outbox`; nothing is old here."""
        self._reach()
        del up_to, older_than
        return 0

    async def outbox_age(self, after: int) -> float | None:
        """See `relay.Outbox`."""
        self._reach()
        return 1.0 if self.position > after else None

    async def acquire_lease(self, name: str, holder: str, ttl: timedelta) -> bool:
        """See `lease.LeaseRows`."""
        self._reach()
        owner, until = self.leases.get(name, (holder, 0.0))
        if owner != holder and until > monotonic():
            return False
        self.leases[name] = (holder, monotonic() + ttl.total_seconds())
        return True

    async def renew_lease(self, name: str, holder: str, ttl: timedelta) -> bool:
        """See `lease.LeaseRows`."""
        self._reach()
        owner, until = self.leases.get(name, ("", 0.0))
        if owner != holder or until <= monotonic():
            return False
        self.leases[name] = (holder, monotonic() + ttl.total_seconds())
        return True

    async def release_lease(self, name: str, holder: str) -> None:
        """See `lease.LeaseRows`."""
        self._reach()
        if self.leases.get(name, ("", 0.0))[0] == holder:
            del self.leases[name]

    def _reach(self) -> None:
        if self.away:
            raise DatabaseUnavailable("the database is away")
