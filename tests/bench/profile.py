"""`python -m tests.bench.profile`: where each microsecond of a service goes, by stage.

Feeds the intake with batches as they would be polled, on an embedded PostgreSQL or SQLite: events of the
benchmark's handler, or lots to be mined. With `--whole` the service runs as it does in production, with its
subscription and its relay, on an embedded broker.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pydantic import SecretStr

from orestream.chassis.intake.intake import Intake
from orestream.chassis.intake.taken import Moved
from orestream.chassis.logs import configure
from orestream.chassis.main import collect_seldom
from orestream.chassis.records import Fetched, Place, Series
from orestream.chassis.settings import Settings
from orestream.chassis.store import Store, migrate
from orestream.cli.embedded.archive import ensure_archive
from orestream.cli.embedded.runtime import prepare
from orestream.contracts.registry import decode as decode_any
from orestream.contracts.topics import MINING_LOTS, catalogue, commands_topic, topic_of_fact
from orestream.mining.app import build as build_mining
from tests.bench import handler
from tests.bench.commands import mining
from tests.bench.events import INPUT, OUTPUT, Feed
from tests.bench.sampler import Samples, sampled
from tests.bench.whole import Pipe
from tests.support.brokers import embedded_node
from tests.support.databases import embedded_cluster

PARTITIONS = 4
WARM_UP = 4
"""Batches before the measurement."""


@dataclass(frozen=True)
class Run:
    """What is measured."""

    load: str
    store: str
    records: int
    batch: int
    keys: int
    whole: bool


def main(argv: Sequence[str]) -> int:
    """Measure and print."""
    run, functions = _arguments(argv)
    collect_seldom()
    with tempfile.TemporaryDirectory() as directory, _database(run.store, Path(directory)) as url:
        if run.whole:
            runtime = prepare()
            ensure_archive(runtime)
            with embedded_node(Path(directory) / "kafka", runtime) as node:
                samples, count, seconds = asyncio.run(_measure_whole(run, node.bootstrap, url))
        else:
            samples, count, seconds = asyncio.run(_measure(run, url))
    print(*_lines(run, samples, count, seconds, functions), sep="\n")  # noqa: T201 - a command line speaks
    return 0


async def _measure_whole(run: Run, bootstrap: str, url: str) -> tuple[Samples, int, float]:
    settings = Settings(
        bootstrap_servers=bootstrap,
        database_url=SecretStr(url),
        partitions=PARTITIONS,
        management_port="off",
        batch_records=run.batch,
    )
    if run.load == "events":
        configure(handler.SERVICE, "json", "WARNING")
        pipe = Pipe(
            settings, handler.Weighing(), handler.decode, topic_of=handler.topic_of, source=INPUT, sink=OUTPUT
        )
        records = Feed(run.keys, PARTITIONS).events(run.records)
    else:
        configure("mining", "json", "WARNING")
        topic = commands_topic("main", "mining")
        pipe = Pipe(
            settings, build_mining(), decode_any, topic_of=topic_of_fact, source=topic, sink=MINING_LOTS
        )
        first, feed = mining()
        records = chain(first, feed(run.records - len(first)))
    await pipe.prepare(records)
    return await pipe.measure(run.records)


async def _measure(run: Run, url: str) -> tuple[Samples, int, float]:
    await migrate(url)
    batches = list(_batches(run))
    async with _intake(run, url) as (intake, places):
        for batch in batches[:WARM_UP]:
            await _take(intake, batch, places)
        begun = time.monotonic()
        costs = []
        with sampled() as samples:
            for batch in batches[WARM_UP:]:
                before = time.process_time()
                await _take(intake, batch, places)
                costs.append(time.process_time() - before)
        # others on the machine slow a batch down, nobody speeds one up
        samples.seconds = sorted(costs)[len(costs) // 10] * len(costs)
        return samples, len(costs) * run.batch, time.monotonic() - begun


async def _take(intake: Intake, batch: Sequence[Fetched], places: dict[Series, Place]) -> None:
    taken = await intake.take(batch, places)
    assert isinstance(taken, Moved), taken


@asynccontextmanager
async def _intake(run: Run, url: str) -> AsyncIterator[tuple[Intake, dict[Series, Place]]]:
    store = await Store.open(url)
    topic = INPUT if run.load == "events" else commands_topic("main", "mining")
    places = {Series(topic, p): Place("cluster", topic, topic, p) for p in range(PARTITIONS)}
    try:
        for place in places.values():
            await store.register_place(place, 0)
        yield _build(run, store), places
    finally:
        await store.close()


def _build(run: Run, store: Store) -> Intake:
    partitions = {topic.name: PARTITIONS for topic in catalogue()}
    if run.load == "events":
        return Intake(
            store,
            handler.Weighing(),
            handler.decode,
            handler.SITE,
            partitions=partitions,
            topic_of=handler.topic_of,
        )
    return Intake(store, build_mining(), decode_any, "main", partitions=partitions)


def _batches(run: Run) -> Iterator[list[Fetched]]:
    """Records grouped by partition, as a poll gives them."""
    first, feed = ([], Feed(run.keys, PARTITIONS).events) if run.load == "events" else mining()
    topic = INPUT if run.load == "events" else commands_topic("main", "mining")
    offsets = [0] * PARTITIONS
    full = (list(feed(run.batch)) for _ in range(run.records // run.batch + WARM_UP - bool(first)))
    for group in chain([first] if first else [], full):
        batch = []
        for one in group:
            at = offsets[one.partition]
            offsets[one.partition] += 1
            batch.append(
                Fetched(topic, one.partition, at, one.key, one.headers, one.value, 1_756_886_400_000)
            )
        yield sorted(batch, key=lambda record: (record.partition, record.offset))


@contextmanager
def _database(store: str, directory: Path) -> Iterator[str]:
    if store == "sqlite":
        yield f"sqlite:///{directory / 'bench.sqlite'}"
        return
    directory.chmod(0o755)  # the server runs as a user of its own
    with embedded_cluster(directory / "postgres") as cluster:
        yield cluster.create_database("bench")


def _lines(run: Run, samples: Samples, count: int, seconds: float, functions: int) -> Iterator[str]:
    how = "the whole service" if run.whole else "the intake alone, CPU time of the batches least disturbed"
    yield (
        f"{count} {run.load} in batches of {run.batch}, {run.keys} keys, {run.store}, {how}:"
        f" {count / seconds:,.0f} records/s, {samples.seconds / count * 1e6:.1f} µs of CPU time each"
    )
    for stage, us in samples.table(count):
        yield f"  {us:7.1f} µs  {stage}"
    if functions:
        yield "dearest functions (with what they call outside of the chassis)"
    for function, us in samples.dearest(count, functions):
        yield f"  {us:7.2f} µs  {function}"


def _arguments(argv: Sequence[str]) -> tuple[Run, int]:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.profile", description=__doc__)
    parser.add_argument("load", choices=("events", "commands"), nargs="?", default="events")
    parser.add_argument("--store", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--keys", type=int, default=5_000, help="lots that the events are about")
    parser.add_argument("--whole", action="store_true", help="from topic to topic, relay included")
    parser.add_argument("--functions", type=int, default=0, help="list so many of the dearest functions")
    given = parser.parse_args(argv)
    run = Run(given.load, given.store, given.records, given.batch, given.keys, given.whole)
    return run, given.functions


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
