"""What a proxy lets a fault decide about: one request or answer on its way, and what becomes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto


class Fate(Enum):
    """What becomes of a passage."""

    PASS = auto()
    LOSE = auto()
    """It and all that follows it in this direction is lost, as on a line that died without a word."""
    CUT = auto()
    """The connection breaks, both ways."""
    TWICE = auto()
    """A request reaches the server twice, its second answer kept from the client; or Kafka's answer comes
    twice."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A request on its way to the server, or its answer on the way back."""

    what: str
    """The request's kind: `produce`, `end-txn`, `api-60`, `commit`, `query` …"""
    answer: bool
    client: str
    """What the client calls itself; empty where it does not say."""
    size: int


Rule = Callable[[Passage], Awaitable[Fate]]
"""Decides about a passage; while it waits, the passage and what is behind it wait too."""
