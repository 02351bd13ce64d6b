"""Sends checked commands: idempotently, in order per service and key, each acknowledged by every replica."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from orestream.chassis.kafka.connection import client_options
from orestream.chassis.settings import Settings
from orestream.cli.failing import Unusable
from orestream.cli.importing.checking import Checked
from orestream.cli.reaching import partition_counts, reaching
from orestream.contracts.topics import commands_topic, partition_of
from orestream.contracts.wire import Envelope, WireRecord, encode, source_of

_IN_FLIGHT = 500
"""Commands handed over before their acknowledgements are awaited."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an acknowledged command stands."""

    topic: str
    partition: int
    offset: int


def to_record(checked: Checked, site: str) -> WireRecord:
    """A command as it stands on its topic, with a trace of its own."""
    command = checked.command
    envelope = Envelope(
        id=command.command_id,
        source=source_of(site, "cli"),
        type=command.type_for(checked.service),
        subject=command.key,
        time=command.occurred_at,
        correlation_id=command.command_id,
        traceparent=f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
    )
    return encode(command, envelope)


async def send_all(
    settings: Settings, commands: Sequence[Checked], progress: Callable[[int], None] = lambda _: None
) -> list[Place]:
    """Send in the order given and return where each command stands; `progress` is told how many are.

    Raises:
        Unusable: Kafka cannot be reached, a topic is missing, or it stopped answering midway.
    """
    services = dict.fromkeys(command.service for command in commands)
    counts = await partition_counts(settings, [commands_topic(settings.site, name) for name in services])
    producer = AIOKafkaProducer(
        **client_options(settings), client_id="orestream-cli", enable_idempotence=True, acks="all"
    )
    places: list[Place] = []
    try:
        with reaching(settings):
            await producer.start()
        for begin in range(0, len(commands), _IN_FLIGHT):
            places.extend(await _send(producer, settings.site, counts, commands[begin : begin + _IN_FLIGHT]))
            progress(len(places))
    except (KafkaError, TimeoutError) as error:
        raise Unusable(
            f"Kafka stopped answering; {len(places)} of {len(commands)} commands are acknowledged: {error}",
            "send the same files again: a command id counts once",
        ) from error
    finally:
        await producer.stop()
    return places


async def _send(
    producer: AIOKafkaProducer, site: str, counts: dict[str, int], commands: Sequence[Checked]
) -> list[Place]:
    """Hand over a stretch of commands and wait for all acknowledgements."""
    futures = []
    for checked in commands:
        topic = commands_topic(site, checked.service)
        record = to_record(checked, site)
        futures.append(
            await producer.send(
                topic,
                value=record.value,
                key=record.key,
                headers=list(record.headers),
                partition=partition_of(record.key, counts[topic]),
            )
        )
    acknowledged = [await future for future in futures]
    return [Place(done.topic, done.partition, done.offset) for done in acknowledged]
