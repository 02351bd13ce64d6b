"""The first request of a transaction is repeated soon while the one before is still being ended."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import ConcurrentTransactions, CoordinatorLoadInProgressError, ProducerFenced

from orestream.chassis.kafka.addpartitions import FIRST_REST, LONGEST_REST, AddPartitionsSoon, Rests

PLACE = TopicPartition("facts", 0)
LIBRARYS = 0.05


def handled(rests: Rests, code: int) -> tuple[float | None, list[TopicPartition]]:
    """What is done about an answer: the rest, and the partitions then in the transaction."""
    added: list[TopicPartition] = []
    manager = SimpleNamespace(partition_added=added.append, txn_partitions=added)
    sender: Any = SimpleNamespace(_retry_backoff=LIBRARYS, _txn_manager=manager)
    answer = SimpleNamespace(errors=[(PLACE.topic, [(PLACE.partition, code)])])
    return AddPartitionsSoon(sender, {PLACE}, rests).handle_response(answer), added


def test_rests_grow_until_one_try_succeeds_and_then_begin_anew() -> None:
    rests = Rests()
    waited = [handled(rests, ConcurrentTransactions.errno)[0] for _ in range(8)]
    assert waited[:3] == [FIRST_REST, 2 * FIRST_REST, 4 * FIRST_REST]
    assert waited[-1] == LONGEST_REST

    assert handled(rests, 0) == (None, [PLACE])
    assert handled(rests, ConcurrentTransactions.errno) == (FIRST_REST, [])


def test_other_answers_are_the_librarys_business() -> None:
    assert handled(Rests(), CoordinatorLoadInProgressError.errno) == (LIBRARYS, [])
    with pytest.raises(ProducerFenced):
        handled(Rests(), 47)
