"""Faults of brokers: killed, frozen, followers behind, leaders moved."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from random import Random
from typing import Any

from confluent_kafka import ElectionType, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from orestream.cli.embedded.errors import ChildFailedError
from tests.chaos.faults.fault import Planned
from tests.chaos.world.brokers import Node
from tests.chaos.world.world import World

ADMIN_S = 10.0
_REASSIGN = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand"


@dataclass(slots=True)
class KillBroker:
    """kill -9 of a broker, which is started again when it is healed."""

    planned: Planned
    _node: Node | None = field(default=None, init=False)

    async def inject(self, world: World) -> str:
        self._node = node_of(world, self.planned)
        await asyncio.to_thread(self._node.kill)
        return self._node.name

    async def heal(self, world: World) -> None:
        assert self._node is not None
        await asyncio.to_thread(world.brokers.restart, self._node)


@dataclass(slots=True)
class FreezeBroker:
    """SIGSTOP of a broker: the only one hangs, or one of three falls behind the others."""

    planned: Planned
    _node: Node | None = field(default=None, init=False)

    async def inject(self, world: World) -> str:
        self._node = node_of(world, self.planned)
        self._node.pause()
        return self._node.name

    async def heal(self, world: World) -> None:
        assert self._node is not None
        self._node.resume()


@dataclass(slots=True)
class MoveLeaders:
    """Every partition gets another order of its replicas, and the first of them leads."""

    planned: Planned

    async def inject(self, world: World) -> str:
        return await asyncio.to_thread(self._move, world)

    async def heal(self, world: World) -> None:
        """A leader is as good as another."""

    def _move(self, world: World) -> str:
        admin = AdminClient({"bootstrap.servers": world.brokers.bootstrap, "log_level": 0})
        try:
            order = self._order(admin)
            _reassign(world, order)
            answer: Future[dict[TopicPartition, Any]] = admin.elect_leaders(
                ElectionType.PREFERRED, [TopicPartition(*series) for series in order]
            )
            moved = sum(error is None for error in answer.result(ADMIN_S).values())
        except (KafkaException, TimeoutError, ChildFailedError) as error:
            return f"nowhere: {error}"
        return f"leaders of {moved} partitions of {len(order)}"

    def _order(self, admin: AdminClient) -> dict[tuple[str, int], list[int]]:
        random = Random(self.planned.number)
        return {
            (name, number): random.sample(partition.replicas, len(partition.replicas))
            for name, topic in admin.list_topics(timeout=ADMIN_S).topics.items()
            for number, partition in topic.partitions.items()
        }


def _reassign(world: World, order: Mapping[tuple[str, int], Sequence[int]]) -> None:
    """With Kafka's own tool: the client library cannot. Raises ChildFailedError."""
    wanted = [
        {"topic": topic, "partition": number, "replicas": list(replicas)}
        for (topic, number), replicas in order.items()
    ]
    file = world.directory / "reassignment.json"
    file.write_text(json.dumps({"version": 1, "partitions": wanted}))
    node = world.brokers.nodes[0]
    arguments = ("--bootstrap-server", world.brokers.bootstrap, "--reassignment-json-file", file, "--execute")
    node.runtime.run(_REASSIGN, *arguments, logging=node.logging)


def node_of(world: World, planned: Planned) -> Node:
    """The broker that a plan's number picks."""
    return world.brokers.nodes[planned.number % len(world.brokers.nodes)]
