"""The plain producer: idempotent, patient with brokers, made anew when it cannot go on."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from tests.chaos.workload.history import History
from tests.chaos.workload.sending import Sending

LOG = logging.getLogger("workload")
"""What librdkafka says of brokers that come and go; nobody has to listen."""
LOG.addHandler(logging.NullHandler())
LOG.propagate = False


def settings(bootstrap: str) -> dict[str, Any]:
    """Of every producer here: keys go where any Kafka client puts them, and outages are sat out."""
    return {
        "bootstrap.servers": bootstrap,
        "partitioner": "murmur2_random",
        "acks": "all",
        "enable.idempotence": True,
        "linger.ms": 5,
        "message.max.bytes": 1_048_576,
        "queue.buffering.max.messages": 1_000_000,
        "queue.buffering.max.kbytes": 262_144,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1_000,
        "retry.backoff.ms": 50,
        "topic.metadata.propagation.max.ms": 300_000,
        "logger": LOG,
    }


class Patient:
    """Sends records outside transactions; a message waits as long as the brokers need.

    A site's facts count without hole. Where one of them may be missing, nothing more of that topic is
    sent: the services would rightly stop at the hole.
    """

    def __init__(self, bootstrap: str, history: History) -> None:
        self._settings = settings(bootstrap) | {"message.timeout.ms": 0, "error_cb": self._error}
        self._history = history
        self._producer = Producer(self._settings)
        self._fatal = False
        self._broken: set[str] = set()

    def send(self, sending: Sending) -> None:
        """Hands it over; waits while the queue is full."""
        if self._fatal:
            self._renew()
        if sending.kind == "foreign" and sending.topic in self._broken:
            return
        number = self._history.sent(sending)
        while not self._handed_over(sending, number):
            self.wait(0.05)

    def wait(self, seconds: float) -> None:
        """Lets acknowledgements in."""
        self._producer.poll(max(seconds, 0.0))

    def close(self, within_s: float) -> None:
        """Everything is acknowledged, or given up."""
        deadline = time.monotonic() + within_s
        while not self._fatal and (left := deadline - time.monotonic()) > 0:
            if self._producer.flush(min(left, 1.0)) == 0:
                return
        self._give_up()

    def _handed_over(self, sending: Sending, number: int) -> bool:
        """False where the queue is full. What the client itself will not send has failed."""
        try:
            self._producer.produce(
                sending.topic,
                key=sending.key,
                value=sending.value,
                headers=list(sending.headers),
                on_delivery=partial(self._delivered, number, sending),
            )
        except BufferError:
            return False
        except KafkaException as error:
            self._failed(number, sending, error.args[0])
        return True

    def _delivered(self, number: int, sending: Sending, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._failed(number, sending, error)
            return
        partition, offset = message.partition(), message.offset()
        if partition is None or offset is None:
            # a repeat of what the broker has already: it says so, and not where
            self._history.failed(number, "acknowledged without its place")
            return
        self._history.acked(number, partition, offset)

    def _failed(self, number: int, sending: Sending, error: KafkaError) -> None:
        self._fatal = self._fatal or error.fatal()
        if sending.kind == "foreign":
            self._broken.add(sending.topic)
        self._history.failed(number, error.str())

    def _error(self, error: KafkaError) -> None:
        self._fatal = self._fatal or error.fatal()

    def _renew(self) -> None:
        self._give_up()
        self._producer = Producer(self._settings)
        self._fatal = False

    def _give_up(self) -> None:
        self._producer.purge()
        self._producer.flush(5.0)
