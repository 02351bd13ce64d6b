"""Records as the intake takes them, and the places its offsets are kept for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Series(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


class Fetched(NamedTuple):
    """One record as polled."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None
    timestamp_ms: int

    @property
    def at(self) -> str:
        """Where it stands, as a person writes it: `topic/partition/offset`."""
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Place:
    """What an offset is kept for. A topic made anew has another id, so its offsets never mix."""

    cluster: str
    topic_id: str
    topic: str
    partition: int
