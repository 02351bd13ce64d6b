"""Faults on topics: another's transaction that stays open, a broker that refuses large batches."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass, field

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType

from orestream.contracts.topics import EXPORT_SHIPMENTS, MINING_LOTS, PROCESSING_LOTS, cursor_topic
from tests.chaos.faults.brokers import ADMIN_S
from tests.chaos.faults.fault import Planned
from tests.chaos.world.world import SITE, World

FACTS_OF = {"mining": MINING_LOTS, "processing": PROCESSING_LOTS, "export": EXPORT_SHIPMENTS}
_BEFORE_KILL_S = 2.0
_SMALL = 700
_LIMIT = "max.message.bytes"


@dataclass(slots=True)
class OpenTransaction:
    """Another program's transaction stays open where the relay keeps its cursor, and the relay is killed."""

    planned: Planned
    _producer: Producer | None = field(default=None, init=False)

    async def inject(self, world: World) -> str:
        await asyncio.to_thread(self._open, world)
        await asyncio.sleep(_BEFORE_KILL_S)
        holder = await world.relay_of(self.planned.service)
        if holder is not None:
            holder.signal(signal.SIGKILL)
        return holder.name if holder is not None else "nobody was there"

    async def heal(self, world: World) -> None:
        if self._producer is not None:
            await asyncio.to_thread(self._producer.abort_transaction, ADMIN_S)

    def _open(self, world: World) -> None:
        producer = Producer(
            {
                "bootstrap.servers": world.brokers.bootstrap,
                "transactional.id": f"chaos-{self.planned.number}-{time.time_ns()}",
                "transaction.timeout.ms": 60_000,
                "log_level": 0,
            }
        )
        producer.init_transactions(ADMIN_S)
        producer.begin_transaction()
        self._producer = producer
        producer.produce(cursor_topic(SITE, self.planned.service), b"{}", b"another", partition=0)
        producer.flush(ADMIN_S)


@dataclass(slots=True)
class SmallRecords:
    """The broker refuses batches of facts that it took before."""

    planned: Planned

    async def inject(self, world: World) -> str:
        await asyncio.to_thread(self._limit, world, str(_SMALL))
        return FACTS_OF[self.planned.service]

    async def heal(self, world: World) -> None:
        await asyncio.to_thread(self._limit, world, None)

    def _limit(self, world: World, value: str | None) -> None:
        admin = AdminClient({"bootstrap.servers": world.brokers.bootstrap, "log_level": 0})
        operation = AlterConfigOpType.DELETE if value is None else AlterConfigOpType.SET
        resource = ConfigResource(
            ResourceType.TOPIC,
            FACTS_OF[self.planned.service],
            incremental_configs=[ConfigEntry(_LIMIT, value or "", incremental_operation=operation)],
        )
        for done in admin.incremental_alter_configs([resource], request_timeout=ADMIN_S).values():
            done.result(ADMIN_S)
