"""Gathers the evidence of a run: its files, every topic by several readers, every service's database."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from tests.chaos.checker import databases, kcat
from tests.chaos.checker.evidence import (
    FIRST_READER,
    SECOND_READER,
    THIRD_READER,
    UNCOMMITTED_READER,
    Database,
    Evidence,
    Reading,
    Run,
)
from tests.chaos.checker.journals import faults_of, history_of, lines, run_of, samples_of
from tests.chaos.checker.lost import whole
from tests.chaos.checker.reading import Prints, Seen, WholeRecords, partition_counts, read
from tests.chaos.checker.records import Record


def gather(directory: Path) -> Evidence:
    """All of it. Blocks, and must not be called within an event loop.

    Raises:
        OSError, KeyError: `run.json` is not there or lacks something.
        Unreadable: a topic cannot be read.
    """
    run = run_of(directory / "run.json")
    counts = partition_counts(run.bootstrap, run.topics)
    records, seen, readings, notes = _read_topics(run, counts)
    processes, offsets = samples_of(lines(directory / "samples.jsonl"))
    return Evidence(
        run=run,
        history=history_of(lines(directory / "history.jsonl")),
        faults=faults_of(lines(directory / "faults.jsonl")),
        processes=processes,
        offsets=offsets,
        partitions=counts,
        records=records,
        readings=readings,
        ends=seen.ends,
        hidden=seen.hidden,
        databases=whole(asyncio.run(_read_databases(run.databases)), lines(directory / "lost.jsonl")),
        notes=notes,
    )


def _read_topics(
    run: Run, counts: Mapping[str, int]
) -> tuple[dict[str, tuple[Record, ...]], Seen, dict[str, Reading], tuple[str, ...]]:
    whole = WholeRecords()
    seen = read(run.bootstrap, "read_committed", counts, whole)
    readings: dict[str, Reading] = {
        FIRST_READER: {
            series: tuple((record.offset, record.print) for record in records)
            for series, records in whole.found.items()
        }
    }
    for name, isolation in ((SECOND_READER, "read_committed"), (UNCOMMITTED_READER, "read_uncommitted")):
        prints = Prints()
        read(run.bootstrap, isolation, counts, prints)
        readings[name] = prints.reading()
    program = kcat.command()
    if program is None:
        return whole.by_topic(), seen, readings, ("kcat is not installed: two readers instead of three",)
    readings[THIRD_READER] = kcat.read(program, run.bootstrap, counts)
    return whole.by_topic(), seen, readings, ()


async def _read_databases(urls: Mapping[str, str]) -> dict[str, Database]:
    return {service: await databases.read(url) for service, url in urls.items()}
