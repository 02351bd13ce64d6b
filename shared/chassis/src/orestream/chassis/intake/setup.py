"""What an intake is put together from, and its limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from orestream.chassis.intake.states import StateCodec
from orestream.chassis.intake.writer import Writer
from orestream.contracts.decision import Domain
from orestream.contracts.message import Message
from orestream.contracts.wire import Envelope

Decode = Callable[[bytes | None, tuple[tuple[str, bytes], ...], bytes | None], tuple[Envelope, Message]]
"""One record's envelope and message. Raises Malformed, and UnknownType where only the type is unknown."""


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """When facts that fail are too many to be set aside one by one."""

    run: int = 10
    """This many failing facts in a row stop the service."""
    window: int = 200
    """The last so many facts are looked at …"""
    ratio: float = 0.2
    """… and this share of a full window failing stops it too."""


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """What one intake allows."""

    waiting: timedelta = timedelta(hours=24)
    """How long a command may wait, by the database's clock."""
    lanes_at_once: int = 20
    """Lanes decided in one transaction."""
    breaker: BreakerLimits = field(default_factory=BreakerLimits)


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that stays the same from batch to batch."""

    domain: Domain
    decode: Decode
    commands_topic: str
    writer: Writer
    codec: StateCodec
    limits: IntakeLimits

    def types(self) -> Mapping[str, str]:
        """For log lines: what this intake is for."""
        return {"service": self.domain.service, "commands": self.commands_topic}
