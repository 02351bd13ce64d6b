"""Running one service: database and topics awaited, parts started, signals heeded, an exit code."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from orestream.chassis.backoff import Backoff
from orestream.chassis.errors import (
    BreakerOpen,
    DatabaseUnavailable,
    Fatal,
    PartitionsDiffer,
    SchemaOutOfRange,
    TopicsMissing,
)
from orestream.chassis.exits import Exit
from orestream.chassis.health import Health
from orestream.chassis.intake.setup import Decode
from orestream.chassis.intake.writer import TopicOfFact
from orestream.chassis.kafka.topics import await_topics, needed
from orestream.chassis.logs import Event, logger
from orestream.chassis.management import Management
from orestream.chassis.metrics import Metrics, Observe, observe_nothing
from orestream.chassis.resting import until
from orestream.chassis.settings import Settings, SettingsInvalid, variable
from orestream.chassis.stop import Stop
from orestream.chassis.store import Store
from orestream.chassis.wiring import build
from orestream.contracts.decision import Domain
from orestream.contracts.topics import topic_of_fact

log = logger(__name__)

NOT_PREPARED = (SchemaOutOfRange, TopicsMissing, PartitionsDiffer)


async def run(
    settings: Settings,
    domain: Domain,
    decode: Decode,
    *,
    observe: Observe = observe_nothing,
    topic_of: TopicOfFact = topic_of_fact,
    stop: Stop | None = None,
) -> Exit:
    """Run one service until SIGINT, SIGTERM or `stop`, or until it cannot go on.

    Catches everything: whatever went wrong, the parts are stopped in order, the log's last line says
    why, and the exit code tells what to do about it.
    """
    asked = stop or Stop()
    health = Health(settings.liveness_limit)
    metrics = Metrics(domain.service)
    management = Management(health, metrics)
    log.info(Event.SERVICE_STARTING, env=settings.env, site=settings.site, servers=settings.bootstrap_servers)
    with _signals(asked if stop is None else None):
        try:
            await _listen(management, settings)
            await _serve(
                settings,
                domain,
                decode,
                observe=observe,
                topic_of=topic_of,
                health=health,
                metrics=metrics,
                stop=asked,
            )
        except Exception as error:  # noqa: BLE001 - see the docstring
            asked.fail(error)
        finally:
            await management.stop()
    return _ended(asked)


async def _listen(management: Management, settings: Settings) -> None:
    """Raises SettingsInvalid where the port cannot be had."""
    if settings.management_port == "off":
        return
    try:
        await management.start(settings.management_host, settings.management_port)
    except OSError as error:
        where = f"{settings.management_host}:{settings.management_port}"
        line = f"{variable('management_port')}: nothing can listen on {where}: {error.strerror or error}"
        raise SettingsInvalid((line,)) from error


async def _serve(
    settings: Settings,
    domain: Domain,
    decode: Decode,
    *,
    observe: Observe,
    topic_of: TopicOfFact,
    health: Health,
    metrics: Metrics,
    stop: Stop,
) -> None:
    """Wait for database and topics, then run the parts. Raises Fatal."""
    health.expect("store")
    health.expect("topics")
    store = await _open(settings, domain.service, stop)
    if store is None:
        return
    try:
        health.says("store", holds=True)
        cluster = await await_topics(settings, needed(settings, domain.service).topics, stop.asked)
        if cluster is None:
            return
        health.says("topics", holds=True)
        parts = build(
            settings,
            domain,
            decode,
            store=store,
            cluster=cluster,
            health=health,
            metrics=metrics,
            stop=stop,
            observe=observe,
            topic_of=topic_of,
        )
        telling = asyncio.create_task(_tell_when_ready(health))
        try:
            await parts.serve(settings.grace_period.total_seconds())
        finally:
            telling.cancel()
    finally:
        await store.close()


async def _open(settings: Settings, service: str, stop: Stop) -> Store | None:
    """The service's database once it answers, its schema and breaker checked; None when told to stop first.

    Raises:
        SchemaOutOfRange: with what to run.
        BreakerOpen: the service stopped itself, and nobody has closed the breaker.
    """
    backoff = Backoff(first=0.5)
    while not stop.asked.is_set():
        try:
            store = await Store.open(settings.database_for(service), pool_size=settings.database_pool)
            try:
                await _check(store)
            except BaseException:
                await store.close()
                raise
        except DatabaseUnavailable as error:
            log.warning(Event.DATABASE_ABSENT, error=str(error))
            await until(stop.asked, backoff.next())
        else:
            return store
    return None


async def _check(store: Store) -> None:
    await store.check_schema()
    why = await store.breaker()
    if why is not None:
        raise BreakerOpen(f"{why}. `orestream parked` shows what fails and closes the breaker")


async def _tell_when_ready(health: Health) -> None:
    while health.missing():  # noqa: ASYNC110 - conditions are looked at, they do not announce themselves
        await asyncio.sleep(0.05)
    log.info(Event.SERVICE_READY)


@contextmanager
def _signals(stop: Stop | None) -> Iterator[None]:
    """SIGINT and SIGTERM ask for a stop; a second one ends the process as if there were no grace."""
    if stop is None:
        yield
        return
    loop = asyncio.get_running_loop()

    def heed(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        stop.ask()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, heed, number)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _ended(stop: Stop) -> Exit:
    """The exit code, after saying it in the log's last line."""
    failure = stop.failure
    if failure is None:
        code = Exit.UNFINISHED if stop.unfinished else Exit.OK
        log.info(Event.SERVICE_STOPPED, exit_code=int(code))
        return code
    code = _code(failure)
    log.error(
        Event.SERVICE_FAILED,
        error=str(failure) or repr(failure),
        exit_code=int(code),
        exc_info=failure if code is Exit.FAILED else None,
    )
    return code


def _code(failure: BaseException) -> Exit:
    if isinstance(failure, SettingsInvalid):
        return Exit.SETTINGS
    if isinstance(failure, NOT_PREPARED):
        return Exit.NOT_PREPARED
    return Exit.HALTED if isinstance(failure, Fatal) else Exit.FAILED
