"""A newer Metadata request than the client library has: it tells a topic's id, not only its name.

A topic that is deleted and made again under its name is another topic, with other records at the
same offsets; its id tells them apart. Version 12 needs Kafka 3.1 or later.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.errors import for_code as error_for_code
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

_UNKNOWN_TOPIC = 3
_NO_ID = uuid.UUID(int=0)


class Uuid(AbstractType[uuid.UUID]):  # type: ignore[misc] # the library has no types
    """Sixteen bytes."""

    @classmethod
    def encode(cls, value: uuid.UUID) -> bytes:
        """To the wire."""
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> uuid.UUID:
        """From the wire."""
        return uuid.UUID(bytes=data.read(16))


class MetadataResponse12(Response):  # type: ignore[misc] # the library has no types
    """Brokers, the cluster's id, topics with their ids and partitions."""

    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class MetadataRequest12(RequestStruct):  # type: ignore[misc] # the library has no types
    """Asks about topics by name, creating none."""

    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = MetadataResponse12
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("topic_id", Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields)),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _TopicsRequest(Request[MetadataRequest12]):  # type: ignore[misc] # the library has no types
    API_KEY = 3

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[MetadataRequest12]) -> MetadataRequest12:
        topics: list[tuple[uuid.UUID, str, dict[int, bytes]]] = [(_NO_ID, name, {}) for name in self._names]
        return request_struct_class(topics, False, False, {})


@dataclass(frozen=True, slots=True)
class TopicSeen:
    """A topic as the cluster has it."""

    name: str
    id: str
    partitions: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Kafka cluster and those of the topics asked for that exist."""

    id: str
    brokers: int
    topics: dict[str, TopicSeen]


async def describe(admin: AIOKafkaAdminClient, names: Sequence[str]) -> Cluster:
    """The cluster's id, and the topics among `names` that exist. Raises like `describe_through`."""
    client = admin._client  # noqa: SLF001 - there is no public way to send a request of our own
    return await describe_through(client, names)


async def describe_through(client: AIOKafkaClient, names: Sequence[str]) -> Cluster:
    """The same, through the client that an admin client or a consumer has inside.

    Raises:
        IncompatibleBrokerVersion: Kafka is older than 3.1.
        KafkaError: the cluster cannot be asked, or forbids a topic.
    """
    try:
        response = await client.send(client.get_random_node(), _TopicsRequest(names))
    except NotImplementedError as error:
        raise IncompatibleBrokerVersion("Kafka 3.1 or later is needed") from error
    topics: dict[str, TopicSeen] = {}
    for code, name, topic_id, _internal, partitions, _operations, _tags in response.topics:
        if code == _UNKNOWN_TOPIC:
            continue
        if code:
            raise error_for_code(code)(name)
        # before topic ids (metadata.version below 2.8) all bytes are zero: then the name must do
        known = name if topic_id == _NO_ID else str(topic_id)
        topics[name] = TopicSeen(name, known, len(partitions))
    return Cluster(response.cluster_id, len(response.brokers), topics)
