"""Finds transactions that are over for their coordinator and still open on a partition.

The coordinator ends a transaction by writing a marker to each of its partitions. A partition that has no
leader at that moment is passed over (seen with Kafka 4.3.1: all replicas were killed right after EndTxn and
started again; "likely deleted already and hence can be skipped"). Nothing on the broker ever closes it then:
its records, and all that follow, stay hidden from read_committed, until the same producer's next transaction
on that partition ends, and gives them its own outcome.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import LeaderNotAvailableError
from aiokafka.errors import for_code as error_for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields


class DescribeProducersResponse0(Response):  # type: ignore[misc] # the library has no types
    """The producers that each partition remembers, and where the open transaction of each begins."""

    API_KEY = 61
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("error_message", CompactString("utf-8")),
                        (
                            "producers",
                            CompactArray(
                                ("producer_id", Int64),
                                ("producer_epoch", Int32),
                                ("last_sequence", Int32),
                                ("last_timestamp", Int64),
                                ("coordinator_epoch", Int32),
                                ("transaction_start", Int64),
                                ("tags", TaggedFields),
                            ),
                        ),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class DescribeProducersRequest0(RequestStruct):  # type: ignore[misc] # the library has no types
    """Asks a leader about some of its partitions."""

    FLEXIBLE_VERSION = True
    API_KEY = 61
    API_VERSION = 0
    RESPONSE_TYPE = DescribeProducersResponse0
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")), ("partitions", CompactArray(Int32)), ("tags", TaggedFields)
            ),
        ),
        ("tags", TaggedFields),
    )


class _ProducersRequest(Request[DescribeProducersRequest0]):  # type: ignore[misc] # the library has no types
    API_KEY = 61

    def __init__(self, partitions: Mapping[str, list[int]]) -> None:
        self._partitions = partitions

    def build(self, request_struct_class: type[DescribeProducersRequest0]) -> DescribeProducersRequest0:
        topics: list[tuple[str, list[int], dict[int, bytes]]] = [
            (topic, partitions, {}) for topic, partitions in self._partitions.items()
        ]
        return request_struct_class(topics, {})


async def open_transactions(
    client: AIOKafkaClient, producer_id: int, partitions: Iterable[TopicPartition]
) -> dict[TopicPartition, int]:
    """Where this producer has a transaction open, and the offset at which it begins there.

    Args:
        client: one that knows the topics of these partitions.
        producer_id: whose transactions.
        partitions: where to look; the right to read them is needed.

    Raises:
        KafkaError: a partition has no leader, or its leader cannot be asked.
    """
    by_leader: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for tp in partitions:
        leader = client.cluster.leader_for_partition(tp)
        if leader is None or leader < 0:
            raise LeaderNotAvailableError(f"{tp.topic}/{tp.partition} has no leader")
        by_leader[leader][tp.topic].append(tp.partition)
    found: dict[TopicPartition, int] = {}
    for leader, asked in by_leader.items():
        found.update(_open_in(await client.send(leader, _ProducersRequest(asked)), producer_id))
    return found


def _open_in(response: Any, producer_id: int) -> dict[TopicPartition, int]:
    found: dict[TopicPartition, int] = {}
    for topic, partitions, _ in response.topics:
        for partition, code, _message, producers, _tags in partitions:
            if code:
                raise error_for_code(code)(f"{topic}/{partition}")
            for producer, _epoch, _sequence, _at, _coordinator, start, _more in producers:
                if producer == producer_id and start >= 0:
                    found[TopicPartition(topic, partition)] = start
    return found
