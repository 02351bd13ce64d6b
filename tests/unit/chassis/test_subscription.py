"""What FastStream subscribes to is what the catalogue says, and how is what the promises need."""

import pytest
from faststream import AckPolicy

from orestream.chassis.health import Progress
from orestream.chassis.kafka.driver import Driver
from orestream.chassis.kafka.metadata import Cluster, TopicSeen
from orestream.chassis.kafka.subscription import GENERATION, Subscription, tagger
from orestream.chassis.kafka.topics import needed, places_in
from orestream.chassis.metrics import Metrics
from orestream.chassis.settings import Settings
from orestream.contracts.topics import SERVICES, catalogue, reads
from tests.support.memory_intake import MemoryIntake, MemoryOffsets


def subscription(service: str, settings: Settings) -> Subscription:
    topics = needed(settings, service)
    cluster = Cluster("c", 1, {t.name: TopicSeen(t.name, "id", t.partitions) for t in topics.topics})
    offsets = MemoryOffsets()
    driver = Driver(
        intake=MemoryIntake(offsets),
        offsets=offsets,
        places=places_in(cluster, topics.inputs),
        metrics=Metrics(service),
        progress=Progress(),
        on_fatal=lambda _error: None,
        on_ready=lambda: None,
    )
    return Subscription(settings, settings.name_for(service), topics.inputs, driver)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("site", ["main", "saindak"])
def test_a_service_subscribes_to_what_the_catalogue_says_it_reads(service: str, site: str) -> None:
    subscribed = subscription(service, Settings(site=site)).subscriber.topic_names
    assert sorted(subscribed) == sorted(reads(site, service))
    assert sorted(subscribed) == sorted(topic.name for topic in catalogue(site) if service in topic.readers
                                        and topic.role != "cursor")  # fmt: skip


def test_the_group_carries_environment_site_and_service() -> None:
    made = subscription("export", Settings(env="prod", site="saindak"))
    assert made.subscriber.group_id == "prod.saindak.export"


def test_it_reads_only_what_is_committed_and_never_where_kafka_says() -> None:
    options = subscription("mining", Settings()).subscriber._connection_args
    assert options["isolation_level"] == "read_committed"
    assert options["auto_offset_reset"] == "none"
    assert options["enable_auto_commit"] is False
    assert subscription("mining", Settings()).subscriber.ack_policy is AckPolicy.MANUAL


async def test_a_batch_is_tagged_with_the_generation_of_the_moment_it_was_polled() -> None:
    made = subscription("mining", Settings())
    assignment, context = made._driver.assignment, made.broker.context
    tagger(assignment)(None, context=context)
    polled_in = assignment.generation
    assignment.change([])
    assert context.get_local(GENERATION) == polled_in
    assert assignment.generation > polled_in
