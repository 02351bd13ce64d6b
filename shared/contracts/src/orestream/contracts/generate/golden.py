"""Golden records: key, headers and value of every message, byte for byte, for testing any codec."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from orestream.contracts import topics
from orestream.contracts.generate.schemas import examples
from orestream.contracts.message import Command, Message
from orestream.contracts.registry import MODELS
from orestream.contracts.wire import Envelope, encode, fact_id, source_of

SITE = "main"
CAUSE = "c-001"
TIME = datetime(2025, 9, 10, 8, 0, tzinfo=UTC)
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def golden_records() -> dict[str, dict[str, Any]]:
    """`ce_type` → topic, key, headers and value (the exact JSON text) of an example record."""
    shown = examples()
    return {
        type_: _record(type_, model.model_validate(shown[model.__name__]))
        for type_, model in sorted(MODELS.items())
    }


def _record(type_: str, message: Message) -> dict[str, Any]:
    topic, envelope = _commanded(type_, message) if isinstance(message, Command) else _told(type_, message)
    wire = encode(message, envelope)
    return {
        "topic": topic,
        "partition_of_12": topics.partition_of(wire.key, topics.PARTITIONS),
        "key": wire.key.decode(),
        "headers": {name: value.decode() for name, value in wire.headers},
        "value": wire.value.decode(),
    }


def _commanded(type_: str, command: Command) -> tuple[str, Envelope]:
    service = type_.split(".")[1]
    envelope = Envelope(
        id=command.command_id,
        source=source_of(SITE, "cli"),
        type=type_,
        subject=command.key,
        time=command.occurred_at,
        correlation_id=command.command_id,
        traceparent=TRACEPARENT,
    )
    return topics.commands_topic(SITE, service), envelope


def _told(type_: str, fact: Message) -> tuple[str, Envelope]:
    name = type(fact).__name__
    topic = next(topic for topic in topics.fact_topics() if name in topic.messages)
    service = topic.writer if topic.writer in topics.SERVICES else "export"
    source = source_of(SITE, service)
    envelope = Envelope(
        id=fact_id(source, source_of(SITE, "cli"), CAUSE, 0),
        source=source,
        type=type_,
        subject=fact.key,
        time=getattr(fact, "occurred_at", TIME),
        sequence=1,
        correlation_id=CAUSE,
        causation_id=CAUSE,
        traceparent=TRACEPARENT,
    )
    return topic.name, envelope
