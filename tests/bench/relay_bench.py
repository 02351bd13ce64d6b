"""How fast the relay publishes: rows a second, processor time a row, and where that goes.

    python -m tests.bench.relay_bench --rows 200000 --store postgres

Fills an outbox with rows like a service's own (decisions of one to three records, 600-byte values, all
headers, four topics of two partitions), then publishes it to an embedded broker. Broker and database are
processes of their own: the processor time is the publishing process's.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import perf_counter, process_time

import structlog

from orestream.chassis.health import Progress
from orestream.chassis.kafka.admin import admin_client, apply, plan
from orestream.chassis.metrics import Metrics
from orestream.chassis.relay.lease import Lease
from orestream.chassis.relay.publisher import KafkaPublisher, Publisher
from orestream.chassis.relay.relay import Limits, Relay
from orestream.chassis.settings import Settings
from orestream.chassis.store import Store, migrate
from orestream.cli.embedded.archive import ensure_archive
from orestream.cli.embedded.cluster import PostgresCluster
from orestream.cli.embedded.node import KafkaNode
from orestream.cli.embedded.runtime import prepare
from orestream.contracts.topics import Topic
from tests.bench.outbox_rows import CURSOR, OUTPUTS, SOURCE, TOPICS, InMemory, fill
from tests.bench.plain_publisher import PlainPublisher
from tests.bench.relay_stages import Stage, stages

WARM_UP = 20_000
"""Rows published before the clock starts."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One run's result."""

    store: str
    transactions: bool
    rows: int
    rows_per_second: float
    cpu_us_per_row: float
    stages: tuple[Stage, ...]

    def lines(self) -> list[str]:
        """As a table for reading."""
        told = [f"{self.store}, {self.rows} rows, transactions {'on' if self.transactions else 'off'}"]
        told.append(f"{self.rows_per_second:,.0f} rows/s, {self.cpu_us_per_row:.2f} us of processor a row")
        rest = self.cpu_us_per_row - sum(stage.us_per_row for stage in self.stages)
        both = [*self.stages, Stage("client library: requests, sockets, event loop", rest)]
        return [*told, *(f"  {stage.us_per_row:6.2f} us  {stage.name}" for stage in both)]


async def measure(settings: Settings, store: Store | InMemory, kind: str, rows: int, plain: bool) -> Figures:
    """Fill, warm up, publish, and look at each stage alone."""
    await create_topics(settings)
    await fill(store, WARM_UP)
    publisher: Publisher = (
        PlainPublisher(settings)
        if plain
        else KafkaPublisher(settings, settings.name_for("bench"), CURSOR, SOURCE, OUTPUTS)
    )
    await published(store, publisher)
    await fill(store, rows)
    wall, cpu = await published(store, publisher)
    parts = await stages(store, WARM_UP, min(rows, 100_000))
    return Figures(kind, not plain, rows, rows / wall, cpu / rows * 1e6, parts)


async def published(store: Store | InMemory, publisher: Publisher) -> tuple[float, float]:
    """Run a relay until everything that is there now is visible; seconds on the clock and of processor."""
    relay = Relay(
        outbox=store,
        publisher=publisher,
        lease=Lease(store, "relay", "bench", timedelta(seconds=4)),
        limits=Limits(),
        metrics=Metrics("bench"),
        progress=Progress(),
    )
    task = asyncio.create_task(relay.run())
    await relay.checked.wait()
    start, cpu = perf_counter(), process_time()
    relay.stop()
    await task
    return perf_counter() - start, process_time() - cpu


async def create_topics(settings: Settings) -> None:
    """The four topics and the cursor's."""
    facts = [Topic(name, "facts", "", "", (), "bench", (), partitions=2) for name in TOPICS]
    topics = [*facts, Topic(CURSOR, "cursor", "", "", (), "bench", (), partitions=1, cleanup="compact")]
    async with admin_client(settings) as admin:
        await apply(admin, await plan(admin, topics))


@asynccontextmanager
async def opened(kind: str, directory: Path) -> AsyncIterator[Store | InMemory]:
    """An empty store of a kind, with its server where it needs one."""
    if kind == "memory":
        yield InMemory()
        return
    cluster = PostgresCluster(directory / "postgres")
    try:
        if kind == "postgres":
            await asyncio.to_thread(cluster.start)
            url = await asyncio.to_thread(cluster.create_database, "relay")
        else:
            url = f"sqlite:///{directory / 'relay.sqlite'}"
        await migrate(url)
        store = await Store.open(url)
        try:
            yield store
        finally:
            await store.close()
    finally:
        await asyncio.to_thread(cluster.stop)


async def bench(kind: str, rows: int, plain: bool) -> Figures:
    """Everything from an empty directory."""
    runtime = prepare()
    ensure_archive(runtime)
    with tempfile.TemporaryDirectory() as name:
        node = KafkaNode(Path(name) / "kafka", runtime)
        await asyncio.to_thread(node.start)
        try:
            async with opened(kind, Path(name)) as store:
                return await measure(Settings(bootstrap_servers=node.bootstrap), store, kind, rows, plain)
        finally:
            await asyncio.to_thread(node.stop)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--store", choices=("postgres", "sqlite", "memory"), default="postgres")
    parser.add_argument("--plain", action="store_true", help="without transactions")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    figures = asyncio.run(bench(asked.store, asked.rows, asked.plain))
    numbers = {"rows_per_second": figures.rows_per_second, "cpu_us_per_row": figures.cpu_us_per_row}
    told = [json.dumps(numbers)] if asked.json else figures.lines()
    print(*told, sep="\n")  # noqa: T201 - a command line speaks


if __name__ == "__main__":
    main()
