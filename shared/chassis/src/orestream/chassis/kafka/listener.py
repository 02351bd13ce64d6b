"""What happens when Kafka gives or takes partitions, and the consumer as the driver sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from orestream.chassis.kafka.driver import Driver
from orestream.chassis.kafka.metadata import Cluster, describe_through
from orestream.chassis.records import Series


@dataclass(frozen=True, slots=True)
class ConsumerLog:
    """`positions.Log` over the client library's consumer."""

    consumer: AIOKafkaConsumer

    def pause(self, series: Collection[Series]) -> None:
        """See `positions.Log`."""
        assigned = self.consumer.assignment()
        self.consumer.pause(*(TopicPartition(*one) for one in series if one in assigned))

    def seek(self, one: Series, offset: int) -> None:
        """See `positions.Log`."""
        self.consumer.seek(TopicPartition(*one), offset)

    def resume(self, one: Series) -> None:
        """See `positions.Log`."""
        self.consumer.resume(TopicPartition(*one))

    async def bounds(self, series: Collection[Series]) -> dict[Series, tuple[int, int]]:
        """See `positions.Log`."""
        partitions = [TopicPartition(*one) for one in series]
        begins, ends = await asyncio.gather(
            self.consumer.beginning_offsets(partitions), self.consumer.end_offsets(partitions)
        )
        return {Series(*tp): (begins[tp], ends[tp]) for tp in partitions}

    async def fetched(self, series: Collection[Series]) -> dict[Series, int]:
        """See `positions.Log`."""
        assigned = self.consumer.assignment()
        held = [TopicPartition(*one) for one in series if one in assigned]
        return {Series(*tp): await self.consumer.position(tp) for tp in held}

    async def cluster(self, topics: Collection[str]) -> Cluster:
        """See `positions.Log`."""
        client = self.consumer._client  # noqa: SLF001 - there is no public way to send a request of our own
        return await describe_through(client, sorted(topics))


class Listener(ConsumerRebalanceListener):  # type: ignore[misc] # the library has no types
    """Puts every newly assigned partition out of action at once, then lets the driver settle it."""

    def __init__(self, driver: Driver, consumer: Callable[[], AIOKafkaConsumer | None]) -> None:
        self._driver = driver
        self._consumer = consumer

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Pause and seek before anything is awaited: until then the position is undefined.

        The seek to 0 is to a position that is never fetched from; with reset policy `none` an
        undefined one would raise. The rest runs as a task: the library swallows what a listener
        raises, and would leave the partitions paused for ever.
        """
        consumer = self._consumer()
        assert consumer is not None, "a listener runs with its consumer"
        partitions = sorted(assigned)
        consumer.pause(*partitions)
        for tp in partitions:
            consumer.seek(tp, 0)
        self._driver.assigned(ConsumerLog(consumer), [Series(*tp) for tp in partitions])

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Nothing fetched so far counts; the transaction in flight gets a moment."""
        await self._driver.revoked([Series(*tp) for tp in revoked])
