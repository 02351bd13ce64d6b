"""Faults of brokers: killed, frozen, followers behind, leaders moved."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import ElectionType, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.chaos.faults.fault import Planned
from tests.chaos.world.brokers import Node
from tests.chaos.world.world import World

ADMIN_S = 10.0


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
    """Leadership goes where it should be by the order of replicas, then anywhere a new order says."""

    planned: Planned

    async def inject(self, world: World) -> str:
        return await asyncio.to_thread(self._move, world)

    async def heal(self, world: World) -> None:
        """A leader is as good as another."""

    def _move(self, world: World) -> str:
        admin = AdminClient({"bootstrap.servers": world.brokers.bootstrap})
        partitions = [
            TopicPartition(name, number)
            for name, topic in admin.list_topics(timeout=ADMIN_S).topics.items()
            for number in topic.partitions
        ]
        answer: Future[dict[TopicPartition, Any]] = admin.elect_leaders(
            ElectionType.PREFERRED, partitions, request_timeout=ADMIN_S
        )
        try:
            errors = answer.result(ADMIN_S)
        except (KafkaException, TimeoutError) as error:
            return f"no election: {error}"
        return f"{sum(error is None for error in errors.values())} of {len(partitions)} partitions"


def node_of(world: World, planned: Planned) -> Node:
    """The broker that a plan's number picks."""
    return world.brokers.nodes[planned.number % len(world.brokers.nodes)]
