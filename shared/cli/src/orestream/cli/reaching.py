"""Connections to Kafka that fail in words: which address, which topic, and what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAuthorizationFailedError

from orestream.chassis.kafka.admin import admin_client
from orestream.chassis.kafka.connection import client_options
from orestream.chassis.kafka.metadata import describe
from orestream.chassis.settings import Settings
from orestream.cli.failing import Unusable
from orestream.cli.running import BOOTSTRAP_VARIABLE


@contextmanager
def reaching(settings: Settings) -> Iterator[None]:
    """What the client library raises while connecting, as `Unusable`."""
    try:
        yield
    except TopicAuthorizationFailedError as error:
        raise Unusable(
            f"Kafka forbids this user a topic: {error}", "ask for the right to it, or name other topics"
        ) from error
    except (KafkaConnectionError, OSError, TimeoutError) as error:
        raise unreachable(settings) from error


def unreachable(settings: Settings) -> Unusable:
    """No broker answers."""
    return Unusable(
        f"no Kafka answers at {settings.bootstrap_servers}",
        f"start one with `orestream up`, or say where it is with --bootstrap or {BOOTSTRAP_VARIABLE}",
    )


async def partition_counts(settings: Settings, topics: Sequence[str]) -> dict[str, int]:
    """How many partitions each of these topics has.

    Raises:
        Unusable: Kafka cannot be reached, or a topic is missing.
    """
    found = await existing(settings, topics)
    missing = [topic for topic in topics if topic not in found]
    if missing:
        raise Unusable(
            f"topics are missing at {settings.bootstrap_servers}: {', '.join(missing)}",
            "create them with `orestream topics apply`",
        )
    return found


async def existing(settings: Settings, topics: Sequence[str]) -> dict[str, int]:
    """Partition counts of those of these topics that are there. Raises Unusable."""
    with reaching(settings):
        async with admin_client(settings) as admin:
            cluster = await describe(admin, topics)
    return {name: seen.partitions for name, seen in cluster.topics.items()}


@asynccontextmanager
async def committed_consumer(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of committed records, in no group, without subscriptions yet. Raises Unusable."""
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        client_id="orestream-cli",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=100,
    )
    try:
        with reaching(settings):
            await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


__all__ = [
    "KafkaError",
    "committed_consumer",
    "existing",
    "partition_counts",
    "reaching",
    "unreachable",
]
