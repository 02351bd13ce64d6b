"""Topics on a real broker: planned, created, compared, and awaited by a service that needs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from orestream.chassis.errors import PartitionsDiffer, TopicsMissing
from orestream.chassis.kafka.admin import admin_client, apply, plan, sized
from orestream.chassis.kafka.topics import await_topics, needed, places_in
from orestream.chassis.settings import Settings
from orestream.cli.embedded.ports import free_port
from orestream.contracts.topics import Topic, catalogue, service_topics
from tests.support.brokers import Broker, fresh_name


@pytest.fixture
def settings(kafka: Broker, site: str) -> Settings:
    return Settings(
        bootstrap_servers=kafka.bootstrap, site=site, partitions=3, start_patience=timedelta(seconds=1)
    )


@pytest.fixture
async def admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    async with admin_client(settings) as client:
        yield client


def a_topic(partitions: int = 3) -> Topic:
    return Topic(fresh_name("facts"), "facts", "", "", (), "mining", (), partitions=partitions)


async def test_what_is_missing_is_planned_and_created_as_the_catalogue_says(
    settings: Settings, admin: AIOKafkaAdminClient
) -> None:
    topics = sized(service_topics(settings.site, "mining"), 3)
    before = await plan(admin, topics)
    assert [step.topic for step in before.missing] == list(topics)
    assert set(await apply(admin, before)) == {topic.name for topic in topics}
    after = await plan(admin, topics)
    assert after.clean
    assert {name: seen.partitions for name, seen in after.cluster.topics.items()} == {
        topic.name: topic.partitions for topic in topics
    }


async def test_creating_what_somebody_else_created_meanwhile_is_no_error(admin: AIOKafkaAdminClient) -> None:
    wanted = await plan(admin, [a_topic()])
    assert len(await apply(admin, wanted)) == 1
    assert await apply(admin, wanted) == ()


async def test_other_partition_counts_and_settings_are_reported_and_left_alone(
    admin: AIOKafkaAdminClient,
) -> None:
    topic = a_topic()
    await apply(admin, await plan(admin, [topic]))
    changed = replace(topic, partitions=4, retention_ms=1000)
    for _ in range(2):
        found = await plan(admin, [changed])
        assert await apply(admin, found) == ()
        assert [(step.what, step.wanted, step.found) for step in found.different] == [
            ("the number of partitions", "4", "3"),
            ("retention.ms", "1000", "-1"),
        ]


async def test_a_topic_made_anew_under_its_name_is_another_place(admin: AIOKafkaAdminClient) -> None:
    topic = a_topic(1)
    await apply(admin, await plan(admin, [topic]))
    first = (await plan(admin, [topic])).cluster
    await admin.delete_topics([topic.name])
    async with asyncio.timeout(30):
        # deletion takes a moment, and a name is free only after it
        while (second := (await plan(admin, [topic])).cluster).topics in ({}, first.topics):
            await apply(admin, await plan(admin, [topic]))
    assert first.id == second.id
    assert set(places_in(first, [topic.name]).values()).isdisjoint(places_in(second, [topic.name]).values())


async def test_a_service_is_told_what_to_run_when_topics_stay_missing(settings: Settings) -> None:
    with pytest.raises(TopicsMissing, match="Run `orestream topics apply`") as caught:
        await await_topics(settings, service_topics(settings.site, "mining"), asyncio.Event())
    assert f"orestream.{settings.site}.mining.commands.v1" in str(caught.value)


async def test_a_service_goes_on_when_topics_are_created_late(
    settings: Settings, admin: AIOKafkaAdminClient
) -> None:
    topics = [a_topic()]
    patient = settings.model_copy(update={"start_patience": timedelta(seconds=30)})
    waiting = asyncio.create_task(await_topics(patient, topics, asyncio.Event()))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await apply(admin, await plan(admin, topics))
    cluster = await waiting
    assert cluster is not None
    assert set(cluster.topics) == {topics[0].name}


async def test_a_service_refuses_a_topic_whose_partitions_were_changed(
    settings: Settings, admin: AIOKafkaAdminClient
) -> None:
    topic = a_topic()
    await apply(admin, await plan(admin, [topic]))
    await admin.create_partitions({topic.name: NewPartitions(5)})
    with pytest.raises(PartitionsDiffer, match=r"is 5, where 3 is expected.*fixed at birth"):
        await await_topics(settings, [topic], asyncio.Event())


async def test_a_service_without_broker_waits_until_it_is_told_to_stop(settings: Settings) -> None:
    absent = settings.model_copy(update={"bootstrap_servers": f"127.0.0.1:{free_port()}"})
    stopping = asyncio.Event()
    waiting = asyncio.create_task(await_topics(absent, [a_topic()], stopping))
    await asyncio.sleep(1.5)
    assert not waiting.done()
    stopping.set()
    assert await waiting is None


def test_a_service_needs_what_it_reads_and_what_it_writes() -> None:
    settings = Settings(site="main", partitions=3)
    names = {service: {t.name for t in needed(settings, service).topics} for service in ("mining", "export")}
    assert names["mining"] == {
        "orestream.mining.lots.v1",
        "orestream.outcomes.v1",
        "orestream.main.mining.commands.v1",
        "orestream.main.mining.parked.v1",
        "orestream.main.mining.cursor",
    }
    assert "orestream.mining.lots.v1" in names["export"]
    assert "orestream.main.mining.commands.v1" not in names["export"]
    assert set().union(*names.values()) <= {topic.name for topic in catalogue("main")}
    outputs = needed(settings, "mining").outputs
    assert {one.topic for one in outputs} == {
        "orestream.mining.lots.v1",
        "orestream.outcomes.v1",
        "orestream.main.mining.parked.v1",
    }
    assert len(outputs) == 9
