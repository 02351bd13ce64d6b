"""The subscription, hosted by FastStream: polls batches and hands them to the driver, nothing else.

Batches, manual acknowledgement, no decoding: what a record means is the intake's business.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faststream import AckPolicy, BaseMiddleware
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import FAKE_CONSUMER
from faststream.kafka.subscriber.usecase import BatchSubscriber

from orestream.chassis.backoff import Backoff
from orestream.chassis.durations import milliseconds
from orestream.chassis.kafka.assignment import Assignment
from orestream.chassis.kafka.connection import UNREACHABLE
from orestream.chassis.kafka.driver import Driver
from orestream.chassis.kafka.listener import Listener
from orestream.chassis.kafka.security import faststream_security
from orestream.chassis.logs import HOST, Event, logger
from orestream.chassis.records import Series
from orestream.chassis.resting import until
from orestream.chassis.settings import Settings

log = logger(__name__)

GENERATION = "fetch_generation"
STOP_PATIENCE = 5.0
"""Seconds to leave the group; a broker that is away is not waited for."""


def tagger(assignment: Assignment) -> Any:
    """The outermost middleware: tags each batch with the generation in which it was fetched.

    FastStream constructs it in the same task step in which the poll returns, so that no assignment
    and no seek can come between.
    """

    class Tagger(BaseMiddleware):
        def __init__(self, msg: Any, /, *, context: Any) -> None:
            super().__init__(msg, context=context)
            context.set_local(GENERATION, assignment.generation)

    return Tagger


class Subscription:
    """One replica's membership in its service's consumer group."""

    def __init__(self, settings: Settings, group: str, topics: Sequence[str], driver: Driver) -> None:
        self._driver = driver
        self._reported: dict[Series, int] = {}
        self.broker = KafkaBroker(
            settings.servers(),
            client_id=group,
            request_timeout_ms=milliseconds(settings.request_timeout),
            security=faststream_security(settings),
            consumer_only=True,
            allow_auto_create_topics=False,
            middlewares=[tagger(driver.assignment)],
            apply_types=False,
            graceful_timeout=None,
            logger=logging.getLogger(HOST),
        )
        self.subscriber: BatchSubscriber = self.broker.subscriber(
            *topics,
            group_id=group,
            batch=True,
            max_records=settings.batch_records,
            batch_timeout_ms=milliseconds(settings.batch_wait),
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="none",
            isolation_level="read_committed",
            listener=Listener(driver, lambda: self.subscriber.consumer),
            parser=_unparsed,
            decoder=_undecoded,
            no_reply=True,
            session_timeout_ms=milliseconds(settings.session_timeout),
            heartbeat_interval_ms=milliseconds(settings.heartbeat_interval),
            rebalance_timeout_ms=milliseconds(settings.rebalance_timeout),
        )
        self.subscriber(self._handle)

    async def _handle(self, batch: tuple[ConsumerRecord, ...]) -> None:
        await self._driver.receive(batch, self.broker.context.get_local(GENERATION))

    async def start(self, stopping: asyncio.Event) -> None:
        """Join the group; while Kafka is away, try again until told to stop."""
        backoff = Backoff(first=0.5)
        while not stopping.is_set():
            try:
                await self.broker.start()
            except UNREACHABLE as error:
                log.warning(Event.BROKER_ABSENT, error=str(error) or repr(error))
                await self.stop()
                await until(stopping, backoff.next())
            else:
                return

    async def report_offsets(self) -> None:
        """Tell Kafka how far we are, for its tools only; nothing ever reads it back.

        A refusal is no matter: the next report tells the same.
        """
        consumer: AIOKafkaConsumer | None = self.subscriber.consumer
        current = self._driver.assignment.expected()
        news = {one: at for one, at in current.items() if self._reported.get(one) != at}
        if consumer is None or not news:
            return
        try:
            await consumer.commit({TopicPartition(*one): at for one, at in news.items()})
            self._reported.update(news)
        except (KafkaError, IllegalStateError) as error:
            log.debug(Event.OFFSETS_NOT_REPORTED, error=repr(error))

    async def stop(self) -> None:
        """Leave the group; without an answer the group finds out by itself.

        Asking twice does no harm.
        """
        try:
            await asyncio.wait_for(self.broker.stop(), STOP_PATIENCE)
        except UNREACHABLE as error:
            log.info(Event.BROKER_ABSENT, error=str(error) or repr(error))


async def _unparsed(batch: tuple[ConsumerRecord, ...]) -> KafkaMessage:
    """The batch as it came.

    FastStream's own parser reads every header as UTF-8; on one that is not, or has no value, it would drop
    the whole batch, and go on behind it.
    """
    return KafkaMessage(raw_message=batch, body=b"", consumer=FAKE_CONSUMER)


async def _undecoded(message: Any) -> Any:
    return message.raw_message
