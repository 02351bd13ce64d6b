"""One service's parts, put together by hand, started and stopped in order."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from orestream.chassis.health import Health
from orestream.chassis.intake.intake import Intake
from orestream.chassis.intake.setup import BreakerLimits, Decode, IntakeLimits
from orestream.chassis.intake.writer import TopicOfFact
from orestream.chassis.kafka.driver import Driver
from orestream.chassis.kafka.metadata import Cluster
from orestream.chassis.kafka.subscription import Subscription
from orestream.chassis.kafka.topics import needed, places_in
from orestream.chassis.logs import Event, logger
from orestream.chassis.metrics import Metrics, Observe, observe_nothing
from orestream.chassis.relay.lease import Lease
from orestream.chassis.relay.publisher import KafkaPublisher
from orestream.chassis.relay.relay import Limits, Relay
from orestream.chassis.settings import Settings
from orestream.chassis.stop import Stop
from orestream.chassis.store import Store
from orestream.chassis.telling import tell
from orestream.chassis.upkeep import Upkeep
from orestream.contracts.decision import Domain
from orestream.contracts.topics import cursor_topic, topic_of_fact
from orestream.contracts.wire import source_of

log = logger(__name__)

RELAY_LEASE = "relay"
LEAVING = 2.0
"""Seconds of the grace period kept for leaving the group."""


@dataclass(frozen=True, slots=True)
class Parts:
    """One service's parts, wired to each other and not yet started."""

    driver: Driver
    subscription: Subscription
    relay: Relay
    upkeep: Upkeep
    stop: Stop
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def serve(self, grace: float) -> None:
        """Run until `stop` is asked for, then finish within `grace` seconds."""
        relaying = self._spawn(self.relay.run())
        try:
            await self._checked()
            if not self.stop.asked.is_set():
                self._spawn(self.upkeep.drain())
                self._spawn(self.upkeep.expire())
                self._spawn(self.upkeep.watch(self.driver, self.subscription))
                await self.subscription.start(self.stop.asked)
            await self.stop.asked.wait()
        finally:
            await self._finish(relaying, grace)

    async def _checked(self) -> None:
        """The intake begins only when the relay has compared histories, so as not to add to a wrong one."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self.relay.checked, self.stop.asked)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _finish(self, relaying: asyncio.Task[None], grace: float) -> None:
        """Stop fetching, finish the commit, finish publishing, leave the group."""
        self.stop.ask()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace
        log.info(Event.SERVICE_STOPPING, grace_seconds=grace)
        await self.driver.stop(grace / 2)
        self.upkeep.wake()
        self.relay.stop()
        late = min(LEAVING, grace / 4)
        _, pending = await asyncio.wait(self.tasks, timeout=max(0.1, deadline - late - loop.time()))
        for task in pending:
            self.stop.unfinished = True
            log.warning(Event.GRACE_EXCEEDED, waiting_for="the relay" if task is relaying else "the lanes")
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        await self.subscription.stop()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        task.add_done_callback(self.stop.watch)
        self.tasks.append(task)
        return task


def build(
    settings: Settings,
    domain: Domain,
    decode: Decode,
    *,
    store: Store,
    cluster: Cluster,
    health: Health,
    metrics: Metrics,
    stop: Stop,
    observe: Observe = observe_nothing,
    topic_of: TopicOfFact = topic_of_fact,
) -> Parts:
    """Wire one service; connects to nothing. Serves production and tests."""
    topics = needed(settings, domain.service)
    name = settings.name_for(domain.service)
    relay = Relay(
        outbox=store,
        publisher=KafkaPublisher(
            settings=settings,
            transactional_id=name,
            cursor_topic=cursor_topic(settings.site, domain.service),
            source=source_of(settings.site, domain.service),
            outputs=topics.outputs,
        ),
        lease=Lease(store, RELAY_LEASE, _holder(), settings.relay_lease),
        limits=_limits(settings),
        metrics=metrics,
        progress=health.part("relay"),
    )
    intake = Intake(
        store,
        domain,
        decode,
        settings.site,
        partitions={topic.name: topic.partitions for topic in topics.topics},
        on_commit=relay.wake,
        observe=partial(tell, metrics, observe),
        limits=IntakeLimits(waiting=settings.waiting_limit, breaker=BreakerLimits(run=settings.breaker_run)),
        topic_of=topic_of,
    )
    upkeep = Upkeep(
        lanes=intake, counts=store, metrics=metrics, database=health.part("database"), stopping=stop.asked
    )
    driver = Driver(
        intake=intake,
        offsets=store,
        places=places_in(cluster, topics.inputs),
        metrics=metrics,
        progress=health.part("intake"),
        on_fatal=stop.fail,
        on_ready=upkeep.wake,
    )
    health.expect("relay", relay.checked.is_set)
    health.expect("intake", driver.settled)
    return Parts(driver, Subscription(settings, name, topics.inputs, driver), relay, upkeep, stop)


def _limits(settings: Settings) -> Limits:
    return Limits(
        rows=settings.relay_rows,
        bytes=settings.relay_bytes,
        rows_per_partition=settings.relay_rows_per_partition,
        poll=settings.relay_poll,
        keep=settings.outbox_keep,
    )


def _holder() -> str:
    """This process among all replicas, as an operator can find it; new at every start."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"
