"""EndTxn goes out once; only a broker that says it has not acted is asked again."""

from collections import deque
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import (
    ConcurrentTransactions,
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    InvalidProducerEpoch,
    InvalidTxnState,
    KafkaConnectionError,
    NodeNotReadyError,
    NotCoordinatorError,
    ProducerFenced,
    RequestTimedOutError,
)
from aiokafka.producer.sender import BaseHandler
from aiokafka.producer.transaction_manager import TransactionResult

from orestream.chassis.kafka.endtxn import EndInDoubt, EndTxnOnce


@dataclass
class Sender:
    """What a handler needs of its sender, with a scripted broker behind it."""

    answers: deque[int | Exception]
    sent: list[Any] = field(default_factory=list)
    completed: int = 0

    def __post_init__(self) -> None:
        self.client = self
        self._retry_backoff = 0.0
        self._txn_manager = SimpleNamespace(
            transactional_id="t", producer_id=1, producer_epoch=1, complete_transaction=self.complete
        )

    async def send(self, _node: int, request: Any, group: Any) -> Any:
        del group
        self.sent.append(request)
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(error_code=answer)

    def complete(self) -> None:
        self.completed += 1

    def _coordinator_dead(self, _kind: Any) -> None:
        pass


def sender(*answers: int | Exception) -> Sender:
    return Sender(deque(answers))


async def end(scripted: Sender) -> bool:
    return await EndTxnOnce(scripted, TransactionResult.COMMIT).do(0)


async def test_an_answer_ends_the_transaction() -> None:
    scripted = sender(0)
    assert await end(scripted)
    assert scripted.completed == 1


@pytest.mark.parametrize(
    "failure",
    [
        RequestTimedOutError(),
        NodeNotReadyError(),
        KafkaConnectionError("reset"),
        OSError("gone"),
        TimeoutError(),
    ],
)
async def test_without_an_answer_it_is_in_doubt_and_never_sent_again(failure: Exception) -> None:
    scripted = sender(failure)
    with pytest.raises(EndInDoubt, match="not known whether the transaction has ended"):
        await end(scripted)
    assert len(scripted.sent) == 1
    assert scripted.completed == 0


async def test_the_librarys_own_handler_would_send_it_again() -> None:
    # why there is a handler of our own: this one swallows the doubt, and its caller comes back
    handler = EndTxnOnce(sender(RequestTimedOutError()), TransactionResult.COMMIT)
    assert await BaseHandler.do(handler, 0) is False


@pytest.mark.parametrize(
    "answer",
    [
        ConcurrentTransactions,
        NotCoordinatorError,
        CoordinatorNotAvailableError,
        CoordinatorLoadInProgressError,
    ],
)
async def test_a_broker_that_has_not_acted_is_asked_again(answer: Any) -> None:
    scripted = sender(answer.errno, 0)
    assert not await end(scripted)
    assert await end(scripted)
    assert scripted.completed == 1


async def test_a_fenced_producer_says_so() -> None:
    with pytest.raises(ProducerFenced) as caught:
        await end(sender(InvalidProducerEpoch.errno))
    assert not isinstance(caught.value, EndInDoubt)


async def test_every_other_answer_is_fatal_to_the_producer() -> None:
    with pytest.raises(InvalidTxnState):
        await end(sender(InvalidTxnState.errno))
