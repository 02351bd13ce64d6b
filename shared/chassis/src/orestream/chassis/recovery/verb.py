"""`python -m orestream.SERVICE recover`: connects, recovers, and says what came of it."""

from __future__ import annotations

import os
import socket
from dataclasses import asdict

from orestream.chassis.errors import TopicsMissing
from orestream.chassis.intake.setup import Decode, IntakeLimits, Setup
from orestream.chassis.intake.states import StateCodec
from orestream.chassis.intake.writer import TopicOfFact, Writer
from orestream.chassis.kafka.admin import admin_client, plan
from orestream.chassis.kafka.topics import check_partitions, needed, places_in
from orestream.chassis.recovery.ledger import kafka_ledger
from orestream.chassis.recovery.recover import Progress, Recovered, Scope, recover
from orestream.chassis.relay.publisher import KafkaPublisher
from orestream.chassis.settings import Settings
from orestream.chassis.store import Store
from orestream.contracts.decision import Domain
from orestream.contracts.topics import OUTCOMES, commands_topic, cursor_topic, parked_topic
from orestream.contracts.wire import source_of


async def recover_service(
    settings: Settings,
    domain: Domain,
    decode: Decode,
    topic_of: TopicOfFact,
    *,
    progress: Progress,
    dry_run: bool,
) -> Recovered:
    """Recover one service's database. Raises as `recover`, and TopicsMissing, SchemaOutOfRange."""
    service, site = domain.service, settings.site
    topics = needed(settings, service)
    async with admin_client(settings) as admin:
        found = await plan(admin, topics.topics)
    check_partitions(found)
    if found.missing:
        raise TopicsMissing("topics are missing: this is not the cluster that the service wrote to")
    partitions = {topic.name: topic.partitions for topic in topics.topics}
    writer = Writer(service, site, partitions, topic_of=topic_of)
    commands = commands_topic(site, service)
    setup = Setup(domain, decode, commands, writer, StateCodec(domain.states), IntakeLimits())
    publisher = KafkaPublisher(
        settings=settings,
        transactional_id=settings.name_for(service),
        cursor_topic=cursor_topic(site, service),
        source=source_of(site, service),
        outputs=topics.outputs,
    )
    scope = Scope(
        places=places_in(found.cluster, topics.inputs),
        outputs=topics.outputs,
        commands=commands,
        outcomes=OUTCOMES,
        parked=parked_topic(site, service),
    )
    store = await Store.open(settings.database_for(service))
    try:
        await store.check_schema()
        async with kafka_ledger(settings, publisher) as ledger:
            holder = f"{socket.gethostname()}/{os.getpid()}/recover"
            return await recover(
                store, setup, ledger, scope, holder=holder, progress=progress, dry_run=dry_run
            )
    finally:
        await store.close()


def lines(recovered: Recovered, *, dry_run: bool) -> list[str]:
    """What to tell an operator."""
    if recovered.level:
        return [f"nothing to take back: the database has everything visible, up to row {recovered.before}"]
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in asdict(recovered.taken).items())
    if dry_run:
        return [
            f"would take back rows {recovered.before + 1} to {recovered.after}: {counts}",
            "nothing was changed",
        ]
    return [
        f"took back rows {recovered.before + 1} to {recovered.after}: {counts}",
        "the service may start; what it had read and never told of, it reads and decides again",
    ]
