"""Whether the topics a service needs are there, as it was born with them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orestream.chassis.backoff import Backoff
from orestream.chassis.errors import PartitionsDiffer, TopicsMissing
from orestream.chassis.kafka.admin import Plan, admin_client, plan, sized
from orestream.chassis.kafka.connection import UNREACHABLE
from orestream.chassis.kafka.metadata import Cluster
from orestream.chassis.logs import Event, logger
from orestream.chassis.records import Place, Series
from orestream.chassis.resting import until
from orestream.chassis.settings import Settings
from orestream.contracts.topics import Topic, catalogue, reads

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Needed:
    """The topics of one service at one site."""

    topics: tuple[Topic, ...]
    inputs: tuple[str, ...]
    outputs: tuple[Series, ...]
    """Every partition the service writes to, its cursor's left out."""


def needed(settings: Settings, service: str) -> Needed:
    """What the catalogue says this service reads and writes."""
    inputs = reads(settings.site, service)
    own = f"orestream.{settings.site}.{service}."
    topics = tuple(
        topic
        for topic in sized(catalogue(settings.site), settings.partitions)
        if topic.name in inputs
        or topic.writer == service
        or topic.role == "outcomes"
        or topic.name.startswith(own)
    )
    outputs = tuple(
        Series(topic.name, partition)
        for topic in topics
        if topic.writer in (service, "every service") and topic.role != "cursor"
        for partition in range(topic.partitions)
    )
    return Needed(topics, inputs, outputs)


async def await_topics(
    settings: Settings, topics: Sequence[Topic], stopping: asyncio.Event
) -> Cluster | None:
    """The cluster with all these topics, or None when told to stop first.

    While Kafka is away this waits; topics may be missing for `start_patience`.

    Raises:
        TopicsMissing: with what to run.
        PartitionsDiffer: with the counts.
    """
    backoff = Backoff(first=0.5)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + settings.start_patience.total_seconds()
    while not stopping.is_set():
        try:
            async with admin_client(settings) as admin:
                found = await plan(admin, topics)
        except UNREACHABLE as error:
            log.warning(
                Event.BROKER_ABSENT, servers=settings.bootstrap_servers, error=str(error) or repr(error)
            )
            deadline = loop.time() + settings.start_patience.total_seconds()
        else:
            check_partitions(found)
            if not found.missing:
                return found.cluster
            if loop.time() >= deadline:
                raise TopicsMissing(_advice(found))
            log.warning(Event.TOPICS_MISSING, topics=[step.topic.name for step in found.missing])
        await until(stopping, backoff.next())
    return None


def check_partitions(found: Plan) -> None:
    """No topic has another partition count; other differences are an operator's choice and only logged.

    Raises:
        PartitionsDiffer: a key's partition, and with it its order, would change.
    """
    wrong = [str(step) for step in found.different if step.what == "the number of partitions"]
    if wrong:
        raise PartitionsDiffer(
            f"{'; '.join(wrong)}. A topic's partition count is fixed at birth:"
            " set ORESTREAM_PARTITIONS to it, or publish under a new topic version"
        )
    for step in found.different:
        log.warning(Event.TOPICS_DIFFER, difference=str(step))


def places_in(cluster: Cluster, topics: Sequence[str]) -> Mapping[Series, Place]:
    """What the offsets of each partition are kept for."""
    return {
        Series(name, partition): Place(cluster.id, cluster.topics[name].id, name, partition)
        for name in topics
        for partition in range(cluster.topics[name].partitions)
    }


def _advice(found: Plan) -> str:
    names = ", ".join(step.topic.name for step in found.missing)
    return f"topics are missing: {names}. Run `orestream topics apply` against this cluster, then start again"
