"""The topic catalogue's policies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orestream.contracts import topics
from orestream.contracts.message import Command, Fact
from orestream.contracts.registry import MESSAGES


def test_every_message_has_a_topic_and_every_topic_knows_its_messages() -> None:
    on_topics = {name for topic in topics.catalogue() for name in topic.messages}
    assert on_topics == set(MESSAGES)


def test_facts_and_answers_are_kept_for_ever() -> None:
    for topic in topics.catalogue():
        if topic.role in ("facts", "outcomes", "parked"):
            assert topic.config()["retention.ms"] == "-1"
            assert topic.config()["retention.bytes"] == "-1"


def test_only_the_cursor_is_compacted_and_has_one_partition() -> None:
    for topic in topics.catalogue():
        assert (topic.cleanup == "compact") == (topic.role == "cursor") == (topic.partitions == 1)


def test_contracts_are_for_named_readers() -> None:
    (restricted,) = (topic for topic in topics.catalogue() if topic.restricted)
    assert "ContractRegistered" in restricted.messages


def test_commands_are_on_command_topics_and_facts_on_fact_topics() -> None:
    for topic in topics.catalogue():
        kind = Command if topic.role == "commands" else Fact
        assert all(issubclass(MESSAGES[name], kind) for name in topic.messages)


def test_a_command_is_on_the_topic_of_every_service_that_knows_it() -> None:
    for name, message in MESSAGES.items():
        if issubclass(message, Command):
            holding = {
                t.readers[0] for t in topics.catalogue() if t.role == "commands" and name in t.messages
            }
            assert holding == set(message.SERVICES)


def test_a_site_has_topics_of_its_own_for_commands_only() -> None:
    assert topics.commands_topic("gilgit", "mining") == "orestream.gilgit.mining.commands.v1"
    shared = {topic.name for topic in topics.catalogue("main")} & {t.name for t in topics.catalogue("gilgit")}
    assert shared == {topic.name for topic in topics.fact_topics()}


def test_the_partition_is_the_one_kafkas_own_clients_choose() -> None:
    # Values of org.apache.kafka.common.utils.Utils.murmur2, as its own test states them.
    signed = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    assert {key: topics.murmur2(key) for key in signed} == {k: v & 0xFFFFFFFF for k, v in signed.items()}


@given(st.binary(max_size=60), st.integers(1, 100))
def test_a_partition_is_one_of_the_topics(key: bytes, partitions: int) -> None:
    assert 0 <= topics.partition_of(key, partitions) < partitions


def test_a_service_publishes_only_its_own_facts() -> None:
    assert topics.topic_of_fact("mining", "LotMined") == topics.MINING_LOTS
    assert topics.topic_of_fact("export", "CommandAnswered") == topics.OUTCOMES
    with pytest.raises(KeyError):
        topics.topic_of_fact("mining", "LotProduced")
