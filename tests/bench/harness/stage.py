"""The input and output topics of one measured run, and the independent reader that says what is visible.

The input is filled beforehand within a Kafka transaction that stays open, so that no read_committed consumer
sees it; committing it is the starting signal. A few records committed before it show that the system is up,
its partitions assigned and its connections open.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.bench.events import events
from tests.bench.harness.aside import Aside

_PATIENCE_S = 60.0
_READ_AT_ONCE = 2_000
_QUIET_S = 0.3
_OPEN_FOR_MS = 3_600_000

PARTITIONS = 4
KEYS = 5_000


class NotMeasured(Exception):
    """There is no figure of this run; the message says what was seen instead."""


def create_topics(bootstrap: str, names: Sequence[str], partitions: int) -> None:
    """Create the topics that are not there yet, one replica each, and wait until they are."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 3})
    there = admin.list_topics(timeout=_PATIENCE_S).topics
    wanted = [NewTopic(name, partitions, 1) for name in names if name not in there]
    for waiting in admin.create_topics(wanted).values() if wanted else ():
        waiting.result(_PATIENCE_S)
    for name in names:
        _await_leaders(admin, name, partitions)


def _await_leaders(admin: AdminClient, name: str, partitions: int) -> None:
    """A client that meets a topic before all its partitions are known fails records for the others."""
    patient_until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < patient_until:
        found = admin.list_topics(name, timeout=_PATIENCE_S).topics[name].partitions
        if len(found) == partitions and all(one.leader >= 0 for one in found.values()):
            return
        time.sleep(0.05)
    raise NotMeasured(f"the topic {name} has no leaders")


def delete_topics(bootstrap: str) -> None:
    """Delete every topic but the master and Kafka's own: a run's, and those its system has made."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 3})
    there = admin.list_topics(timeout=_PATIENCE_S).topics
    names = [name for name in there if name != Master.TOPIC and not name.startswith("__")]
    for waiting in admin.delete_topics(names).values() if names else ():
        waiting.result(_PATIENCE_S)


class Master:
    """The topic that holds every input record once; each run's input is a copy of its beginning.

    Making the records takes longer than copying them, and a copy is sure to be the same.
    """

    TOPIC = "bench.master"

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    def fill(self, records: int) -> None:
        """Make the topic with so many records, and a few more, since keys spread unevenly over partitions."""
        create_topics(self._bootstrap, (self.TOPIC,), PARTITIONS)
        producer = _producer(self._bootstrap)
        for record in events(records + records // 5 + 1_000, KEYS, PARTITIONS):
            made = Copied(record.partition, record.key, record.value, list(record.headers))
            _send(producer, self.TOPIC, made)
        _drained(producer, self.TOPIC)

    def records(self, first: int, until: int, *, headers: bool) -> Iterator["Copied"]:
        """The records of offsets `first` to `until` of every partition, in order within each."""
        consumer = consumer_of(self._bootstrap, self.TOPIC, PARTITIONS, first)
        missing = (until - first) * PARTITIONS
        patient_until = time.monotonic() + _PATIENCE_S
        try:
            while missing:
                # it waits for all it may read, so the wait is short
                for message in consumer.consume(_READ_AT_ONCE, 0.05):
                    offset, partition = message.offset(), message.partition()
                    if offset is not None and partition is not None and offset < until:
                        missing -= 1
                        found = message.headers() if headers else None
                        yield Copied(partition, message.key(), message.value(), found)
                if time.monotonic() > patient_until:
                    raise NotMeasured(f"{missing:,} records of the topic {self.TOPIC} could not be read")
        finally:
            consumer.close()


@dataclass(frozen=True, slots=True)
class Copied:
    """One input record."""

    partition: int
    key: Any
    value: Any
    headers: Any


class Prefill:
    """A run's input topic: some records visible at once, the others at the starting signal."""

    def __init__(self, bootstrap: str, master: Master, topic: str, *, headers: bool) -> None:
        self._master = master
        self._topic = topic
        self._headers = headers
        self._producer = _producer(
            bootstrap, **{"transactional.id": f"fill-{topic}", "transaction.timeout.ms": _OPEN_FOR_MS}
        )

    def fill(self, warm: int, records: int) -> None:
        """Send visible records and hidden ones; both numbers are a multiple of the partitions."""
        self._producer.init_transactions(_PATIENCE_S)
        self._producer.begin_transaction()
        self._copy(0, warm // PARTITIONS)
        self._producer.commit_transaction(_PATIENCE_S)
        self._producer.begin_transaction()
        self._copy(warm // PARTITIONS, (warm + records) // PARTITIONS)

    def start(self) -> None:
        """Give the starting signal: all hidden records become visible."""
        self._producer.commit_transaction(_PATIENCE_S)

    def _copy(self, first: int, until: int) -> None:
        for one in self._master.records(first, until, headers=self._headers):
            _send(self._producer, self._topic, one)
        _drained(self._producer, self._topic)


def _producer(bootstrap: str, **more: Any) -> Producer:
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "log_level": 3,
            "linger.ms": 20,
            "enable.idempotence": True,
            "batch.size": 500_000,
            "queue.buffering.max.messages": 200_000,
            **more,
        }
    )


def _send(producer: Producer, topic: str, one: "Copied") -> None:
    while True:
        try:
            producer.produce(
                topic, one.value, one.key, one.partition, headers=one.headers, on_delivery=_delivered
            )
        except BufferError:  # the queue is full: let it drain, then once more
            producer.poll(0.1)
        else:
            return


def _delivered(error: KafkaError | None, _message: Message) -> None:
    """Called from within `poll` and `flush`, which raise what is raised here."""
    if error is not None:
        raise NotMeasured(f"an input record could not be written: {error}")


def _drained(producer: Producer, topic: str) -> None:
    if producer.flush(_PATIENCE_S):
        raise NotMeasured(f"the input {topic} could not be filled in {_PATIENCE_S:.0f} s")


@dataclass(slots=True)
class Reader(Aside):
    """Counts visible records of a topic as they arrive, in a thread; entered before the system starts."""

    bootstrap: str
    topic: str
    partitions: int
    count: int = 0
    last_at: float = 0.0
    failure: KafkaException | None = None

    def work(self) -> None:
        consumer = consumer_of(self.bootstrap, self.topic, self.partitions)
        try:
            while not self.end.is_set():
                batch = consumer.consume(_READ_AT_ONCE, 0.02)
                if batch:
                    self.last_at = time.monotonic()
                    self.count += sum(1 for message in batch if message.error() is None)
        except KafkaException as failure:  # told to whoever waits for records
            self.failure = failure
        finally:
            consumer.close()


def consumer_of(bootstrap: str, topic: str, partitions: int, first: int = 0) -> Consumer:
    """A read_committed consumer at an offset of every partition; it joins no group and commits nothing."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "bench-reader",
            "log_level": 3,
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "queued.max.messages.kbytes": 65_536,
        }
    )
    consumer.assign([TopicPartition(topic, number, first) for number in range(partitions)])
    return consumer


def verify(bootstrap: str, topic: str, partitions: int, inputs: int) -> None:
    """Read the output once more, whole: each input is answered by exactly one record.

    Raises:
        NotMeasured: records are missing, doubled or about something else.
    """
    consumer = consumer_of(bootstrap, topic, partitions)
    tickets: Counter[str] = Counter()
    try:
        quiet_since = time.monotonic()
        while time.monotonic() < quiet_since + (_QUIET_S if tickets.total() >= inputs else 5.0):
            batch = consumer.consume(_READ_AT_ONCE, 0.05)
            if batch:
                tickets.update(_ticket(message) for message in batch)
                quiet_since = time.monotonic()
    finally:
        consumer.close()
    doubled = tickets.total() - len(tickets)
    if len(tickets) != inputs or doubled:
        raise NotMeasured(f"{len(tickets):,} of {inputs:,} inputs answered, {doubled:,} answers too many")


def _ticket(message: Message) -> str:
    value = message.value()
    if message.error() is not None or value is None:
        raise NotMeasured(f"a record of the output cannot be read: {message.error()}")
    return str(json.loads(value)["ticket"])
