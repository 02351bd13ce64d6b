"""The workload's sender against a genuine broker: its history is what the log says."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from orestream.cli.embedded.node import KafkaNode
from orestream.contracts.topics import PARTITIONS, catalogue, partition_of
from tests.chaos.workload.__main__ import main
from tests.chaos.workload.mix import Mix
from tests.chaos.workload.sender import after, send
from tests.chaos.workload.workload import Workload

Place = tuple[str, int, int]
MANY = Mix(aborted=0.1, committed=0.1, poison=0.05)


@pytest.fixture
def bootstrap(fresh_kafka: KafkaNode) -> str:
    """A broker with the topics of the site main."""
    topics = [NewTopic(topic.name, topic.partitions, 1) for topic in catalogue()]
    admin = AdminClient({"bootstrap.servers": fresh_kafka.bootstrap})
    for made in admin.create_topics(topics).values():
        made.result(30)
    return fresh_kafka.bootstrap


def events(history: Path) -> tuple[dict[int, dict[str, Any]], dict[int, dict[str, Any]]]:
    """What was sent, and what became of it, by number; fails where a number has two fates."""
    sent: dict[int, dict[str, Any]] = {}
    fates: dict[int, dict[str, Any]] = {}
    for line in history.read_text().splitlines():
        event = json.loads(line)
        known = sent if event["event"] == "sent" else fates
        assert event["n"] not in known
        known[event["n"]] = event
    assert sent.keys() == fates.keys()
    return sent, fates


def log(bootstrap: str, isolation: str) -> dict[Place, Message]:
    """Every record on every topic, as a reader of that isolation sees it."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "log",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": isolation,
        }
    )
    places = [TopicPartition(topic.name, n, 0) for topic in catalogue() for n in range(topic.partitions)]
    consumer.assign(places)
    found: dict[Place, Message] = {}
    running, deadline = len(places), time.monotonic() + 60
    while running:
        assert time.monotonic() < deadline
        message = consumer.poll(1.0)
        if message is None:
            continue
        error = message.error()
        if error is None:
            found[place_of(message)] = message
        else:
            assert error.code() == KafkaError._PARTITION_EOF, error
            running -= 1
    consumer.close()
    return found


def place_of(message: Message) -> Place:
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None
    assert partition is not None
    assert offset is not None
    return topic, partition, offset


def digest(message: Message) -> str:
    return sha256(message.value() or b"").hexdigest()


def check(bootstrap: str, history: Path) -> Counter[str]:
    """What is acknowledged stands where the history says; nothing else is seen but what may have failed."""
    sent, fates = events(history)
    seen = log(bootstrap, "read_committed")
    acked = {
        (sent[n]["topic"], fate["partition"], fate["offset"]): n
        for n, fate in fates.items()
        if fate["event"] == "acked"
    }
    assert len(acked) == sum(fate["event"] == "acked" for fate in fates.values())
    for place, number in acked.items():
        assert digest(seen[place]) == sent[number]["sha256"]
    failed = {sent[n]["sha256"] for n, fate in fates.items() if fate["event"] == "failed"}
    assert {digest(message) for place, message in seen.items() if place not in acked} <= failed
    for place, message in seen.items():
        if message.key() is not None:
            assert place[1] == partition_of(message.key() or b"", PARTITIONS)
    return Counter(fate["event"] for fate in fates.values())


def test_every_acknowledged_record_is_seen_and_no_aborted_one(bootstrap: str, tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    counts = send(Workload(5, mix=MANY), bootstrap, history, 400.0, after(4.0))
    ends = check(bootstrap, history)
    sent, fates = events(history)
    assert counts["sent"] == len(sent) > 300
    assert ends.keys() == {"acked", "aborted"}
    aborted = {sent[n]["sha256"] for n, fate in fates.items() if fate["event"] == "aborted"}
    assert {event["kind"] for n, event in sent.items() if fates[n]["event"] == "aborted"} == {"aborted"}
    uncommitted = {digest(message) for message in log(bootstrap, "read_uncommitted").values()}
    committed = {digest(message) for message in log(bootstrap, "read_committed").values()}
    assert aborted <= uncommitted
    assert not aborted & committed


def test_a_broker_s_death_and_return_is_sat_out(
    fresh_kafka: KafkaNode, bootstrap: str, tmp_path: Path
) -> None:
    history, stop = tmp_path / "history.jsonl", threading.Event()
    workload = Workload(6, mix=MANY)
    sender = threading.Thread(target=send, args=(workload, bootstrap, history, 200.0, stop.is_set))
    sender.start()
    time.sleep(2.0)
    before = len(history.read_text().splitlines())
    fresh_kafka.kill()
    fresh_kafka.restart()
    time.sleep(2.0)
    stop.set()
    sender.join(120)
    assert not sender.is_alive()
    ends = check(bootstrap, history)
    assert before > 0
    assert ends["acked"] > 300
    assert ends["failed"] < 10, "only a transaction's commit can be in doubt"


def test_a_broker_that_never_returns_leaves_what_failed(
    fresh_kafka: KafkaNode, bootstrap: str, tmp_path: Path
) -> None:
    history, stop = tmp_path / "history.jsonl", threading.Event()
    workload = Workload(6)
    sender = threading.Thread(
        target=send, args=(workload, bootstrap, history, 200.0, stop.is_set), kwargs={"flush_s": 2.0}
    )
    sender.start()
    time.sleep(1.0)
    fresh_kafka.kill()
    time.sleep(1.0)
    stop.set()
    sender.join(60)
    assert not sender.is_alive()
    _, fates = events(history)
    assert Counter(fate["event"] for fate in fates.values())["failed"] > 10


def test_it_runs_from_the_command_line(
    bootstrap: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = tmp_path / "history.jsonl"
    asked = ["--bootstrap", bootstrap, "--seed", "4", "--rate", "200", "--seconds", "1"]
    assert main([*asked, "--history", str(history)]) == 0
    assert json.loads(capsys.readouterr().out)["sent"] == len(events(history)[0])
