"""The AsyncAPI 3.0 document: channels, keys, headers, messages, operations, requests and replies."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from orestream.contracts import topics
from orestream.contracts.generate.golden import SITE, golden_records
from orestream.contracts.generate.schemas import examples, schema_of
from orestream.contracts.message import Command, Message
from orestream.contracts.registry import MESSAGES, MODELS
from orestream.contracts.topics import Topic
from orestream.contracts.wire import REQUIRED, SEQUENCE_DIGITS

Json = dict[str, Any]

_HEADER_TEXTS = {
    "content-type": "Always application/json.",
    "ce_specversion": "Always 1.0.",
    "ce_id": "Of a fact: UUIDv5, the same however often it is derived. Of a command: its command_id.",
    "ce_source": "/orestream/<site>/<service>; commands from the command line end in /cli.",
    "ce_type": "What the value is.",
    "ce_subject": "The key.",
    "ce_time": "When it happened in the world, RFC 3339 UTC.",
    "ce_dataschema": "urn: and the type with colons.",
    "ce_partitionkey": "The key.",
    "ce_correlationid": "The command that started it all.",
    "ce_causationid": "The message that caused this one; absent on commands.",
    "ce_sequence": "Position of this record among its source's in this topic and partition: "
    f"{SEQUENCE_DIGITS} digits, from 1, without holes. On everything the services write.",
    "traceparent": "W3C trace context.",
}


def document() -> Json:
    """The whole document; every reference is inside it."""
    cards = [topic for topic in topics.catalogue(SITE) if topic.messages]
    return {
        "asyncapi": "3.0.0",
        "id": "urn:orestream",
        "info": _info(),
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "kafka:9092",
                "protocol": "kafka",
                "description": "Any Kafka 4.x cluster; read facts with isolation.level=read_committed.",
            }
        },
        "channels": {channel_id(card): _channel(card) for card in cards},
        "operations": dict(_operations(cards)),
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def channel_id(topic: Topic) -> str:
    """A topic's name as a key of the document."""
    return topic.name.replace(".", "_")


def _info() -> Json:
    return {
        "title": "orestream",
        "version": version("orestream-contracts"),
        "description": "Lots and shipments from the licence to the buyer, as facts on Kafka topics. "
        "CloudEvents 1.0, Kafka binding, binary mode. Inside a topic's major version only optional "
        "fields and new types are added: ignore fields and skip types you do not know. "
        f"Topics with a site in their name are shown for the site `{SITE}`.",
        "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
    }


def _channel(topic: Topic) -> Json:
    return {
        "address": topic.name,
        "title": topic.name,
        "description": f"{topic.description} Key: the id of the {topic.key}. "
        f"Written by {topic.writer}; read by {', '.join(topic.readers)}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in topic.messages},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": [topic.cleanup],
                    "retention.ms": topic.retention_ms,
                    "retention.bytes": -1,
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operations(cards: list[Topic]) -> Any:
    outcomes = next(card for card in cards if card.role == "outcomes")
    for card in cards:
        if card.role == "commands":
            yield _answering(card, outcomes)
        elif card.role == "facts":
            yield (
                f"{card.writer}-publishes-{card.name.split('.')[2]}",
                {"action": "send", "channel": _to(card), "summary": card.description},
            )
    for service in topics.SERVICES:
        for name in topics.FACTS_READ[service]:
            followed = next(card for card in cards if card.name == name)
            yield (
                f"{service}-follows-{followed.writer}",
                {"action": "receive", "channel": _to(followed), "summary": f"{service} reads {name}."},
            )


def _answering(card: Topic, outcomes: Topic) -> tuple[str, Json]:
    service = card.readers[0]
    return (
        f"{service}-answers-commands",
        {
            "action": "receive",
            "channel": _to(card),
            "summary": f"{service} answers every command once, on {outcomes.name}.",
            "reply": {
                "channel": _to(outcomes),
                "messages": [{"$ref": f"#/channels/{channel_id(outcomes)}/messages/CommandAnswered"}],
            },
        },
    )


def _to(topic: Topic) -> Json:
    return {"$ref": f"#/channels/{channel_id(topic)}"}


def _messages() -> Json:
    shown, golden = examples(), golden_records()
    return {
        name: {
            "name": name,
            "title": name,
            "summary": (model.__doc__ or "").split("\n")[0],
            "contentType": "application/json",
            "headers": _headers_schema(model),
            "correlationId": {"location": "$message.header#/ce_correlationid"},
            "payload": {"$ref": f"#/components/schemas/{name}"},
            "bindings": {
                "kafka": {
                    "key": {"type": "string", "description": f"The {' or '.join(model.KEYED_BY)}."},
                    "bindingVersion": "0.5.0",
                }
            },
            "examples": [
                {"name": name, "headers": golden[_types_of(model)[0]]["headers"], "payload": shown[name]}
            ],
        }
        for name, model in MESSAGES.items()
    }


def _types_of(model: type[Message]) -> list[str]:
    return [type_ for type_, known in MODELS.items() if known is model]


def _headers_schema(model: type[Message]) -> Json:
    types = _types_of(model)
    required = list(REQUIRED) if issubclass(model, Command) else [*REQUIRED, "ce_sequence", "ce_causationid"]
    properties: Json = {name: {"type": "string", "description": text} for name, text in _HEADER_TEXTS.items()}
    properties["ce_type"]["enum"] = types
    properties["ce_sequence"]["pattern"] = f"^[0-9]{{{SEQUENCE_DIGITS}}}$"
    if issubclass(model, Command):
        del properties["ce_sequence"], properties["ce_causationid"]
    return {"type": "object", "required": required, "properties": properties}


def _schemas() -> Json:
    """Every message and every part of one, once each; what facts share with commands stays open."""
    schemas: Json = {}
    ordered = sorted(MESSAGES.values(), key=lambda model: issubclass(model, Command))
    for model in ordered:
        schema = schema_of(model, ref_template="#/components/schemas/{model}")
        for name, part in schema.pop("$defs", {}).items():
            schemas.setdefault(name, part)
        schemas[model.__name__] = schema
    return dict(sorted(schemas.items()))
