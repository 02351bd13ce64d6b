"""The relay's transactional producer: made, used for whole transactions, and thrown away on any doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from orestream.chassis.durations import milliseconds
from orestream.chassis.kafka.connection import client_options
from orestream.chassis.kafka.endtxn import OnceSender
from orestream.chassis.kafka.unmarked import open_transactions
from orestream.chassis.logs import Event, logger
from orestream.chassis.settings import Settings

log = logger(__name__)

STOP_PATIENCE = 2.0
"""Seconds; a producer with undelivered batches would hang in its own stop for ever."""


class RelayProducer(AIOKafkaProducer):  # type: ignore[misc] # the library has no types
    """A transactional producer that never repeats EndTxn."""

    def __init__(self, settings: Settings, transactional_id: str, **overrides: Any) -> None:
        options = {
            **client_options(settings),
            "transactional_id": transactional_id,
            "client_id": transactional_id,
            "acks": "all",
            "linger_ms": 0,
            "transaction_timeout_ms": milliseconds(settings.transaction_timeout),
            "retry_backoff_ms": 50,
            **overrides,
        }
        super().__init__(**options)
        self._sender = OnceSender(
            self.client,
            acks=-1,
            txn_manager=self._txn_manager,
            retry_backoff_ms=options["retry_backoff_ms"],
            message_accumulator=self._message_accumulator,
            request_timeout_ms=options["request_timeout_ms"],
        )

    async def unmarked(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Where this id's transactions are open, with the offset at which each begins.

        Right after `start` these are its predecessor's, which its coordinator takes for ended.

        Raises:
            KafkaError: a leader cannot be asked.
        """
        asked = list(partitions)
        for topic in {tp.topic for tp in asked}:
            await self.partitions_for(topic)
        return await open_transactions(self.client, self._txn_manager.producer_id, asked)

    async def mark(self, partitions: Iterable[TopicPartition], *, commit: bool) -> None:
        """End what is open on these partitions: a transaction without records, but with its markers."""
        await self.begin_transaction()
        for tp in partitions:
            self._txn_manager.maybe_add_partition_to_txn(tp)
        await (self.commit_transaction() if commit else self.abort_transaction())

    async def discard(self) -> None:
        """Throw this producer away, whatever state it is in; never raises for Kafka's reasons.

        Its open transaction, if any, is ended by its successor or by the broker's time-out.
        """
        task = self._sender.sender_task
        if task is not None and not task.done():
            task.cancel()
            # it ends what it has in flight first; the library would cancel it once more meanwhile, and that
            # second cancellation would come out of here as if the caller's own task were cancelled
            await asyncio.wait({task}, timeout=STOP_PATIENCE)
        _hush(self._txn_manager.wait_for_transaction_end())
        try:
            await asyncio.wait_for(self.stop(), STOP_PATIENCE)
        except (KafkaError, OSError, TimeoutError, AssertionError) as error:
            # AssertionError: the library's state machine objects to being stopped in mid-transaction
            log.debug(Event.PRODUCER_DISCARDED, error=repr(error))
            await self.client.close()
        for future in self._unsent():
            _hush(future)

    def _unsent(self) -> Iterator[asyncio.Future[Any]]:
        """The futures of batches that never went out, which fail with the producer."""
        waiting = vars(self._message_accumulator)
        for batches in (*waiting["_batches"].values(), waiting["_pending_batches"]):
            for batch in batches:
                yield batch.future
                yield vars(batch)["_drain_waiter"]


def _hush(outcome: asyncio.Future[Any] | None) -> None:
    """Mark a failure that nobody will ask for any more as seen, so that the loop does not report it."""
    if outcome is not None and outcome.done() and not outcome.cancelled():
        outcome.exception()
