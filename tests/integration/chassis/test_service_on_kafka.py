"""A whole service on a real broker: started, spoken to, broken, stopped."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from orestream.chassis.exits import Exit
from orestream.chassis.logs import Event
from orestream.chassis.service import run
from orestream.chassis.settings import Settings
from orestream.chassis.stop import Stop
from orestream.chassis.store import Store
from orestream.cli.embedded.node import KafkaNode
from orestream.contracts.registry import decode
from orestream.mining.app import build
from tests.support.brokers import Broker
from tests.support.databases import sqlite_url
from tests.support.mining_service import Customer, mining_process, prepare


def settings_for(bootstrap: str, database_url: str, site: str) -> Settings:
    return Settings(
        bootstrap_servers=bootstrap,
        database_url=database_url,
        site=site,
        env=site,
        management_port="off",
        start_patience=timedelta(seconds=2),
    )


@pytest.fixture
async def settings(kafka: Broker, database_url: str, site: str) -> Settings:
    made = settings_for(kafka.bootstrap, database_url, site)
    await prepare(made)
    return made


@asynccontextmanager
async def running(settings: Settings, expected: Exit = Exit.OK) -> AsyncIterator[asyncio.Task[Exit]]:
    """The service within this test, stopped at the end."""
    stop = Stop()
    task = asyncio.create_task(run(settings, build(), decode, stop=stop))
    try:
        yield task
    finally:
        stop.ask()
        assert await task is expected


async def become(holds: Callable[[], Awaitable[bool]], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.1)


async def all_answered(customer: Customer) -> None:
    async def answered() -> bool:
        return len(await customer.answered()) >= len(customer.sent)

    await become(answered)


async def test_every_command_is_answered_once_over_several_lives(settings: Settings) -> None:
    customer = Customer(settings)
    for _ in range(2):
        async with running(settings):
            await customer.register(30)
            await all_answered(customer)
    await customer.check()


async def test_two_replicas_share_the_work(kafka: Broker, postgres_url: str, site: str) -> None:
    settings = settings_for(kafka.bootstrap, postgres_url, site)
    await prepare(settings)
    customer = Customer(settings)
    async with running(settings):
        await customer.register(20)
        async with running(settings):
            await customer.register(50)
            await all_answered(customer)
        await customer.register(20)
        await all_answered(customer)
    await customer.check()


async def test_another_databases_history_halts_the_service(settings: Settings, tmp_path: Path) -> None:
    customer = Customer(settings)
    async with running(settings):
        await customer.register(5)
        await all_answered(customer)
    other = settings_for(settings.bootstrap_servers, f"sqlite:///{tmp_path}/other.db", settings.site)
    await prepare(other)
    assert await run(other, build(), decode, stop=Stop()) is Exit.HALTED
    await customer.check()


async def test_an_open_breaker_keeps_the_service_stopped(settings: Settings) -> None:
    store = await Store.open(settings.database_for("mining"))
    await store.open_breaker("too many facts failed")
    await store.close()
    assert await run(settings, build(), decode, stop=Stop()) is Exit.HALTED


async def test_without_schema_or_topics_it_says_what_to_run(kafka: Broker, tmp_path: Path, site: str) -> None:
    settings = settings_for(kafka.bootstrap, sqlite_url(tmp_path), site)
    assert await run(settings, build(), decode, stop=Stop()) is Exit.NOT_PREPARED
    await prepare(settings)
    elsewhere = settings.model_copy(update={"site": f"{site}x"})
    assert await run(elsewhere, build(), decode, stop=Stop()) is Exit.NOT_PREPARED
    other_count = settings.model_copy(update={"partitions": settings.partitions + 1})
    assert await run(other_count, build(), decode, stop=Stop()) is Exit.NOT_PREPARED


async def test_a_stop_is_heeded_while_kafka_is_still_awaited(
    tmp_path: Path, site: str, kafka: Broker
) -> None:
    settings = settings_for(kafka.bootstrap, sqlite_url(tmp_path), site)
    await prepare(settings)
    nowhere = settings.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
    async with running(nowhere) as task:
        await asyncio.sleep(1)
        assert not task.done()


async def test_a_broker_that_is_away_at_the_start_and_killed_at_work_delays_only(
    fresh_kafka: KafkaNode, tmp_path: Path, site: str
) -> None:
    settings = settings_for(fresh_kafka.bootstrap, sqlite_url(tmp_path), site)
    await prepare(settings)
    customer = Customer(settings)
    await customer.register(20)
    await asyncio.to_thread(fresh_kafka.stop)
    async with running(settings):
        await asyncio.sleep(1)
        await asyncio.to_thread(fresh_kafka.restart)
        await all_answered(customer)
        await customer.register(20)
        await asyncio.to_thread(fresh_kafka.kill)
        await asyncio.to_thread(fresh_kafka.restart)
        await customer.register(20)
        await all_answered(customer)
    await customer.check()


def wait_for(process: subprocess.Popen[str], event: Event) -> dict[str, object]:
    """Read its log up to an event."""
    assert process.stderr is not None
    seen = []
    for text in process.stderr:
        seen.append(text)
        line: dict[str, object] = json.loads(text)
        if line["event"] == event:
            return line
    raise AssertionError(f"{event} never came:\n{''.join(seen)}")


async def test_sigterm_ends_a_process_in_order_and_sigkill_loses_nothing(
    kafka: Broker, tmp_path: Path, site: str
) -> None:
    settings = settings_for(kafka.bootstrap, sqlite_url(tmp_path), site)
    await prepare(settings)
    customer = Customer(settings)
    with mining_process(settings) as first:
        await asyncio.to_thread(wait_for, first, Event.SERVICE_READY)
        await customer.register(300)
        first.send_signal(signal.SIGKILL)
    with mining_process(settings) as second:
        port = (await asyncio.to_thread(wait_for, second, Event.MANAGEMENT_LISTENING))["port"]
        await asyncio.to_thread(wait_for, second, Event.SERVICE_READY)
        for page in ("livez", "readyz", "metrics"):
            with await asyncio.to_thread(urllib.request.urlopen, f"http://127.0.0.1:{port}/{page}") as answer:
                assert answer.status == 200
        await customer.register(50)
        await all_answered(customer)
        second.send_signal(signal.SIGTERM)
        stopped = await asyncio.to_thread(wait_for, second, Event.SERVICE_STOPPED)
        assert await asyncio.to_thread(second.wait, 30) == Exit.OK
    assert stopped["exit_code"] == 0
    await customer.check()


def test_wrong_settings_end_in_a_sentence(tmp_path: Path, site: str) -> None:
    settings = settings_for("localhost:9092", sqlite_url(tmp_path), site)
    broken = settings.model_copy(update={"partitions": 0})
    with mining_process(broken) as process:
        assert process.wait(60) == Exit.SETTINGS
        assert process.stderr is not None
        said = process.stderr.read()
    assert said.startswith("ORESTREAM_PARTITIONS:")
    assert "Traceback" not in said
