"""The transactional producer: groups of records, each committed or aborted whole, beside the plain one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from queue import Queue
from threading import Thread
from typing import Literal

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from tests.chaos.workload.history import History
from tests.chaos.workload.producing import settings
from tests.chaos.workload.sending import Sending

Fate = Literal["committed", "aborted", "doubtful"]
_CALL_S = 5.0


class Transactions:
    """Takes whole groups and sends them in a thread of its own, one transaction after the other.

    A transaction that was never asked to commit is aborted in the end, whatever else goes wrong: by this
    producer, by its successor under the same transactional id, or by the coordinator's time-out.
    """

    def __init__(self, bootstrap: str, history: History, transactional_id: str) -> None:
        self._settings = settings(bootstrap) | {
            "transactional.id": transactional_id,
            "transaction.timeout.ms": 30_000,
        }
        self._history = history
        self._producer: Producer | None = None
        self._deadline: float | None = None
        self._groups: Queue[Sequence[Sending] | None] = Queue()
        self._thread = Thread(target=self._run, name="transactions", daemon=True)
        self._thread.start()

    def send(self, group: Sequence[Sending]) -> None:
        """Its turn comes."""
        self._groups.put(group)

    def close(self, within_s: float) -> None:
        """What has been taken is sent; what cannot be by then is given up."""
        self._deadline = time.monotonic() + within_s
        self._groups.put(None)
        self._thread.join(within_s + 4 * _CALL_S)

    def _run(self) -> None:
        while (group := self._groups.get()) is not None:
            producer = self._ready()
            if producer is None:
                return
            self._send(producer, group)

    def _send(self, producer: Producer, group: Sequence[Sending]) -> None:
        places: dict[int, tuple[int, int]] = {}
        numbers = [self._history.sent(sending) for sending in group]
        fate = self._fate(producer, list(zip(numbers, group, strict=True)), places)
        if fate == "doubtful":
            self._producer = None
        for number in numbers:
            if fate == "committed":
                self._history.acked(number, *places[number])
            elif fate == "aborted":
                self._history.aborted(number)
            else:
                self._history.failed(number, "nobody knows whether its transaction was committed")

    def _fate(
        self, producer: Producer, numbered: Sequence[tuple[int, Sending]], places: dict[int, tuple[int, int]]
    ) -> Fate:
        """Any error before the commit aborts; one of the commit is looked at."""
        try:
            producer.begin_transaction()
            for number, sending in numbered:
                producer.produce(
                    sending.topic,
                    key=sending.key,
                    value=sending.value,
                    headers=list(sending.headers),
                    on_delivery=partial(_noted, places, number),
                )
        except (KafkaException, BufferError):
            return self._abort(producer)
        while producer.flush(1.0) and not self._is_late():
            pass
        if len(places) < len(numbered) or numbered[0][1].kind == "aborted":
            return self._abort(producer)
        return self._commit(producer)

    def _commit(self, producer: Producer) -> Fate:
        while not self._is_late():
            try:
                producer.commit_transaction(_CALL_S)
            except KafkaException as error:
                reason: KafkaError = error.args[0]
                if reason.txn_requires_abort():
                    return self._abort(producer)
                if not reason.retriable():
                    return "doubtful"
            else:
                return "committed"
        return "doubtful"

    def _abort(self, producer: Producer) -> Fate:
        """Tries; where that fails, the next producer's start aborts it."""
        while not self._is_late():
            try:
                producer.abort_transaction(_CALL_S)
            except KafkaException as error:
                if not error.args[0].retriable():
                    break
            else:
                return "aborted"
        self._producer = None
        return "aborted"

    def _ready(self) -> Producer | None:
        """A producer whose id is its own; None when it is too late to get one."""
        while self._producer is None and not self._is_late():
            producer = Producer(self._settings)
            try:
                producer.init_transactions(_CALL_S)
            except KafkaException:
                continue  # brokers come back: try again, with another producer, until it is too late
            self._producer = producer
        return self._producer

    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() > self._deadline


def _noted(
    places: dict[int, tuple[int, int]], number: int, error: KafkaError | None, message: Message
) -> None:
    """Where it stands. An error needs no note: its transaction cannot be committed."""
    partition, offset = message.partition(), message.offset()
    if error is None and partition is not None and offset is not None:
        places[number] = (partition, offset)
