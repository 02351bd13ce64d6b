"""Topics: what the catalogue asks for against what the cluster has, and making what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError
from aiokafka.errors import for_code as error_for_code

from orestream.chassis.kafka.connection import client_options
from orestream.chassis.kafka.metadata import Cluster, describe
from orestream.chassis.settings import Settings
from orestream.contracts.topics import Topic

_EXISTS = 36
_NOTHING = 0
_LOOKS = 50
_BETWEEN_LOOKS_S = 0.2


@dataclass(frozen=True, slots=True)
class Missing:
    """A topic that has to be created."""

    topic: Topic

    def __str__(self) -> str:
        return f"{self.topic.name}: missing; to be created with {self.topic.partitions} partitions"


@dataclass(frozen=True, slots=True)
class Different:
    """A topic that exists, but not as the catalogue says; nothing here changes it."""

    topic: Topic
    what: str
    wanted: str
    found: str

    def __str__(self) -> str:
        return f"{self.topic.name}: {self.what} is {self.found}, where {self.wanted} is expected"


@dataclass(frozen=True, slots=True)
class Plan:
    """What stands between the catalogue and the cluster."""

    cluster: Cluster
    missing: tuple[Missing, ...]
    different: tuple[Different, ...]

    @property
    def clean(self) -> bool:
        """True where every topic is as the catalogue says."""
        return not (self.missing or self.different)

    def lines(self) -> tuple[str, ...]:
        """One line for a person about each difference."""
        return tuple(str(step) for step in (*self.missing, *self.different))


def sized(topics: Sequence[Topic], partitions: int) -> tuple[Topic, ...]:
    """The catalogue with the partition count of this deployment; cursor topics keep their one."""
    return tuple(
        topic if topic.role == "cursor" else replace(topic, partitions=partitions) for topic in topics
    )


@asynccontextmanager
async def admin_client(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client. It does not fail over from a dead node: open a new one instead.

    Raises:
        KafkaConnectionError: no broker answers.
    """
    admin = AIOKafkaAdminClient(**client_options(settings), client_id="orestream-admin")
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def plan(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> Plan:
    """What is missing or different, nothing changed. Raises KafkaError."""
    for _ in range(_LOOKS):
        try:
            return await _plan(admin, topics)
        except UnknownTopicOrPartitionError:
            # made or deleted a moment ago: one broker knows already, another not yet
            await asyncio.sleep(_BETWEEN_LOOKS_S)
    return await _plan(admin, topics)


async def _plan(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> Plan:
    cluster = await describe(admin, [topic.name for topic in topics])
    existing = [topic for topic in topics if topic.name in cluster.topics]
    missing = tuple(Missing(topic) for topic in topics if topic.name not in cluster.topics)
    different = [_partitions(topic, cluster) for topic in existing] + await _settings(admin, existing)
    return Plan(cluster, missing, tuple(step for step in different if step is not None))


async def apply(admin: AIOKafkaAdminClient, wanted: Plan, replication: int = -1) -> tuple[str, ...]:
    """Create what is missing; returns the names of topics created. One made meanwhile is no error.

    Brokers learn of a new topic a moment after it is made; this waits until the one that is asked knows all.

    Raises:
        KafkaError: the cluster refuses one (the message names it), or cannot be asked.
    """
    if not wanted.missing:
        return ()
    response = await admin.create_topics([_new(step.topic, replication) for step in wanted.missing])
    created = []
    for name, code, *rest in response.topic_errors:
        if code == _NOTHING:
            created.append(name)
        elif code != _EXISTS:
            reason = rest[0] if rest and rest[0] else ""
            raise error_for_code(code)(f"{name} was not created: {reason}")
    await _known(admin, created)
    return tuple(created)


async def _known(admin: AIOKafkaAdminClient, names: Sequence[str]) -> None:
    """Returns when all of them are known, or have not become so in reasonable time."""
    for _ in range(_LOOKS):
        if not set(names).difference((await describe(admin, names)).topics):
            return
        await asyncio.sleep(_BETWEEN_LOOKS_S)


def _new(topic: Topic, replication: int) -> NewTopic:
    new = NewTopic(topic.name, topic.partitions, 1, topic_configs=topic.config())
    # set afterwards: the constructor refuses -1, the broker's own default, which the protocol knows
    new.replication_factor = replication
    return new


def _partitions(topic: Topic, cluster: Cluster) -> Different | None:
    found = cluster.topics[topic.name].partitions
    if found == topic.partitions:
        return None
    return Different(topic, "the number of partitions", str(topic.partitions), str(found))


async def _settings(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> list[Different | None]:
    """Differences in the settings that the catalogue fixes; others are the operator's business."""
    if not topics:
        return []
    wanted = {topic.name: topic for topic in topics}
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, topic.name, dict.fromkeys(topic.config()))
        for topic in topics
    ]
    steps: list[Different | None] = []
    for response in await admin.describe_configs(resources):
        for code, message, _kind, name, entries in response.resources:
            if code:
                raise error_for_code(code)(f"{name}: {message}")
            steps.extend(_compare(wanted[name], entries))
    return steps


def _compare(topic: Topic, entries: Sequence[Any]) -> list[Different | None]:
    found = {entry[0]: entry[1] for entry in entries}
    return [
        Different(topic, name, value, found.get(name) or "unset")
        for name, value in topic.config().items()
        if found.get(name) != value
    ]


__all__ = [
    "Cluster",
    "Different",
    "KafkaError",
    "Missing",
    "Plan",
    "admin_client",
    "apply",
    "plan",
    "sized",
]
