"""Follows every topic as a subscriber would: how much is visible, and up to where."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from orestream.contracts.topics import SERVICES, catalogue, cursor_topic
from tests.chaos.world.world import SITE

_AT_ONCE = 500
_PATIENCE_S = 0.2
_ADMIN_S = 20.0


class Reader:
    """A thread that reads committed records only; what it has seen may be asked at any time.

    Attributes:
        visible: records on fact topics and outcomes.
        ends: (topic, partition) → the offset after the last record that is visible there.
        cursors: service → (position, link) of its relay's cursor.
    """

    def __init__(self, bootstrap: str) -> None:
        self.visible = 0
        self.ends: dict[tuple[str, int], int] = {}
        self.cursors: dict[str, tuple[int, str]] = {}
        self._counted = {topic.name for topic in catalogue(SITE) if topic.role in ("facts", "outcomes")}
        self._cursor_of = {cursor_topic(SITE, service): service for service in SERVICES}
        self._bootstrap = bootstrap
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)

    def start(self) -> None:
        """Begin at the beginning."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join()

    def lag(self, offsets: dict[tuple[str, int], int], inputs: Iterable[str]) -> int:
        """Offsets between what a service has taken in and what is visible of what it reads."""
        read = set(inputs)
        return sum(
            max(0, end - offsets.get(series, 0))
            for series, end in list(self.ends.items())
            if series[0] in read
        )

    def _run(self) -> None:
        consumer = Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": "chaos-reader",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "log_level": 0,
            }
        )
        try:
            consumer.assign(self._everything(consumer))
            while not self._stopping.is_set():
                self._read(consumer)
        finally:
            consumer.close()

    def _everything(self, consumer: Consumer) -> list[TopicPartition]:
        wanted = {topic.name for topic in catalogue(SITE)}
        found = consumer.list_topics(timeout=_ADMIN_S).topics
        return [
            TopicPartition(name, number, OFFSET_BEGINNING)
            for name, topic in found.items()
            if name in wanted
            for number in topic.partitions
        ]

    def _read(self, consumer: Consumer) -> None:
        """Whatever has come; a broker that is away only means that nothing has."""
        try:
            records = consumer.consume(_AT_ONCE, _PATIENCE_S)
        except KafkaException:
            return
        for record in records:
            topic, partition, offset = record.topic(), record.partition(), record.offset()
            if record.error() is not None or topic is None or partition is None or offset is None:
                continue
            self.ends[topic, partition] = offset + 1
            self.visible += topic in self._counted
            if topic in self._cursor_of:
                cursor = json.loads(record.value() or b"{}")
                self.cursors[self._cursor_of[topic]] = (int(cursor["position"]), str(cursor["link"]))
