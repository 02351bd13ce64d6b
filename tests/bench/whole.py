"""A whole service in this process, from its input topic to its output topic, sampled by stage."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from confluent_kafka import Consumer, Producer, TopicPartition

from orestream.chassis.intake.setup import Decode
from orestream.chassis.intake.writer import TopicOfFact
from orestream.chassis.kafka.admin import admin_client, apply, plan
from orestream.chassis.kafka.topics import needed
from orestream.chassis.service import run
from orestream.chassis.settings import Settings
from orestream.chassis.stop import Stop
from orestream.chassis.store import migrate
from orestream.contracts.decision import Domain
from tests.bench.events import Input
from tests.bench.sampler import Samples, sampled

_LOOK_S = 0.05
_PATIENCE_S = 20.0


class Pipe:
    """One service between two topics of a broker.

    Args:
        settings: broker, database and partition count.
        domain: the service's pure part.
        decode: its decoder.
        topic_of: the topic of each of its facts.
        source: topic that records are put on.
        sink: topic on which each of them makes one record visible.
    """

    def __init__(
        self,
        settings: Settings,
        domain: Domain,
        decode: Decode,
        *,
        topic_of: TopicOfFact,
        source: str,
        sink: str,
    ) -> None:
        self._settings = settings
        self._domain = domain
        self._decode = decode
        self._topic_of = topic_of
        self._source = source
        self._sink = sink

    async def prepare(self, records: Iterable[Input]) -> None:
        """Schema and topics, and everything on the input topic."""
        service = self._domain.service
        await migrate(self._settings.database_for(service))
        async with admin_client(self._settings) as admin:
            await apply(admin, await plan(admin, needed(self._settings, service).topics))
        # idempotent, or a batch sent again could overtake: the intake would rightly see a hole, and halt
        producer = Producer(
            {
                "bootstrap.servers": self._settings.bootstrap_servers,
                "linger.ms": 20,
                "enable.idempotence": True,
            }
        )
        for one in records:
            producer.produce(self._source, one.value, one.key, one.partition, headers=list(one.headers))
            producer.poll(0)
        producer.flush()

    async def measure(self, records: int) -> tuple[Samples, int, float]:
        """Take it all in: samples, records counted, and the seconds they took; the first tenth warms up.

        Raises TimeoutError where nothing more becomes visible.
        """
        stop = Stop()
        serving = asyncio.create_task(
            run(self._settings, self._domain, self._decode, topic_of=self._topic_of, stop=stop)
        )
        watcher = Consumer({"bootstrap.servers": self._settings.bootstrap_servers, "group.id": "watcher"})
        try:
            first, _ = await self._reached(watcher, records // 10)
            begun = time.monotonic()
            with sampled() as samples:
                _, at = await self._reached(watcher, records)
            return samples, records - first, at - begun
        finally:
            stop.ask()
            await serving
            watcher.close()

    async def _reached(self, watcher: Consumer, wanted: int) -> tuple[int, float]:
        """How many records are visible, once that many are, and when they were."""
        last, since = 0, time.monotonic()
        while True:
            seen = await asyncio.to_thread(self._visible, watcher)
            now = time.monotonic()
            if seen >= wanted:
                return seen, now
            if seen > last:
                last, since = seen, now
            elif now - since > _PATIENCE_S:
                raise TimeoutError(f"{seen} of {wanted} records are visible, and no more come")
            await asyncio.sleep(_LOOK_S)

    def _visible(self, watcher: Consumer) -> int:
        """Records up to the end of each partition's log, transactions' ends included."""
        ends = [
            watcher.get_watermark_offsets(TopicPartition(self._sink, partition), timeout=5)
            for partition in range(self._settings.partitions)
        ]
        return sum(end[1] for end in ends if end is not None)
