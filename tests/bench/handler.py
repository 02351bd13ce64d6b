"""The benchmark's handler as a service of the chassis: the same work as every contender's, as a pure part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from orestream.contracts import wire
from orestream.contracts.decision import (
    Accepted,
    Continued,
    Decision,
    Happened,
    Incoming,
    Ref,
    Refused,
    Task,
    World,
)
from orestream.contracts.message import Message
from orestream.contracts.outcome import CommandAnswered
from orestream.contracts.topics import OUTCOMES, PARTITIONS, parked_topic
from tests.bench.events import OUTPUT, LotTallied, LotWeighed, Tally, tallied, told

SERVICE = "processing"
"""The catalogue says which topics it has: it reads the lots of mining and writes lots of its own."""
SITE = "main"
KIND = "tally"
MODELS: Mapping[str, type[Message]] = {model.TYPE: model for model in (LotWeighed, LotTallied)}


def decode(
    key: bytes | None, headers: Iterable[tuple[str, bytes | None]], value: bytes | None
) -> tuple[wire.Envelope, Message]:
    """Envelope and message of one record, as the services' own decoder has it for its models."""
    envelope = wire.read_envelope(key, headers)
    model = MODELS.get(envelope.type)
    if model is None:
        raise wire.UnknownType(envelope.type)
    return envelope, wire.read_value(model, value, envelope)


def topic_of(_service: str, message: str) -> str:
    """The topic of a fact, by the name of its class."""
    return OUTCOMES if message == CommandAnswered.__name__ else OUTPUT


def partitions_of(count: int = PARTITIONS) -> Mapping[str, int]:
    """The partition count of every topic that is written."""
    return dict.fromkeys((OUTPUT, OUTCOMES, parked_topic(SITE, SERVICE)), count)


class Weighing:
    """Tallies what was weighed, and tells of every tally."""

    service = SERVICE
    states: Mapping[str, Any] = {KIND: Tally}

    def rules_version(self, at: datetime) -> str:
        """There are no rules."""
        return f"{at:%Y}"

    def decide(self, incoming: Incoming, world: World) -> Decision:
        """A weighing is told of as the tally that it makes."""
        if not isinstance(incoming, Happened):
            return Refused("R01", "the benchmark takes no commands")
        event = incoming.fact
        if not isinstance(event, LotWeighed):
            return Accepted()
        return Accepted((told(tallied(world.get(KIND, event.lot_id), event), event),))

    def go_on(self, task: Task, world: World, most: int) -> Continued:  # noqa: ARG002 - nothing is left to tasks
        """Nothing is ever left for later."""
        return Continued()

    def unfinished(self, happened: Happened, world: World) -> Task | None:  # noqa: ARG002 - as above
        """Nothing is ever left for later."""
        return None

    def changes(self, happened: Happened) -> tuple[Ref, ...]:
        """A weighing changes its lot's tally; what is told of it changes nothing."""
        fact = happened.fact
        return (Ref(KIND, fact.lot_id),) if isinstance(fact, LotWeighed) else ()

    def companions(self, ref: Ref, state: Any | None) -> tuple[Ref, ...]:  # noqa: ARG002 - see above
        """Nothing leads to anything."""
        return ()

    def evolve(self, ref: Ref, state: Any | None, happened: Happened) -> Tally:
        """The tally with one load more."""
        assert isinstance(happened.fact, LotWeighed), ref
        return tallied(state, happened.fact)
