"""A transactional sender that ends each transaction with one request only.

The library's own sender catches a time-out or a lost connection and sends EndTxn again under the
same epoch. The first copy may still be on its way: arriving late, it ends the *next* transaction,
which duplicates records and tears a decision in two. Here the request goes out once, and any doubt
about it is fatal to the producer; its successor's initialisation fences the late copy.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka.client import CoordinationType
from aiokafka.errors import (
    ConcurrentTransactions,
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaError,
    NotCoordinatorError,
    ProducerFenced,
)
from aiokafka.errors import for_code as error_for_code
from aiokafka.producer.sender import BACKOFF_OVERRIDE, EndTxnHandler, Sender
from aiokafka.producer.transaction_manager import TransactionResult

from orestream.chassis.kafka.addpartitions import AddPartitionsSoon, Rests

NOT_DONE_YET = (
    ConcurrentTransactions,
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
)
"""Replies by which the broker says that it has not acted, so that asking again is safe."""


class EndInDoubt(ProducerFenced):  # type: ignore[misc] # the library has no types
    """Nobody knows whether the transaction ended.

    A kind of `ProducerFenced`, which the library's sender takes as fatal and passes on unchanged.
    """

    retriable = False

    def __str__(self) -> str:
        return f"it is not known whether the transaction has ended: {self.__cause__!r}"


class EndTxnOnce(EndTxnHandler):  # type: ignore[misc] # the library has no types
    """Sends EndTxn once; a failure after sending is in doubt and raised, never repeated."""

    async def do(self, node_id: int) -> bool:
        """True when the transaction has ended, False when the broker asks to come again.

        Raises:
            EndInDoubt: no answer, or the connection broke.
            ProducerFenced: another producer has taken over.
            KafkaError: any other answer; fatal to the producer too.
        """
        try:
            response = await self._sender.client.send(node_id, self.create_request(), group=self.group)
        except (KafkaError, OSError, TimeoutError) as error:
            raise EndInDoubt from error
        backoff = self.handle_response(response)
        if backoff is None:
            return True
        answer = error_for_code(response.error_code)
        assert issubclass(answer, NOT_DONE_YET), f"{answer} is no reason to send EndTxn again"
        await asyncio.sleep(BACKOFF_OVERRIDE if answer is ConcurrentTransactions else backoff)
        return False


class OnceSender(Sender):  # type: ignore[misc] # the library has no types
    """The library's sender with `EndTxnOnce` and `AddPartitionsSoon` in place of its handlers."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._rests = Rests()

    async def _do_add_partitions_to_txn(self, partitions: Any) -> Any:
        node = await self._find_coordinator(CoordinationType.TRANSACTION, self._txn_manager.transactional_id)
        return await AddPartitionsSoon(self, partitions, self._rests).do(node)

    async def _do_txn_commit(self, commit_result: TransactionResult) -> None:
        await self._message_accumulator.flush_for_commit()
        manager = self._txn_manager
        if manager.is_empty_transaction():
            manager.complete_transaction()
            return
        node = await self._find_coordinator(CoordinationType.TRANSACTION, manager.transactional_id)
        await EndTxnOnce(self, commit_result).do(node)
