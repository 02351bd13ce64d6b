"""What is wrong on the broker and in the databases themselves is gathered and found.

All of it is planted at once, since a broker forgets nothing; the checks tell the findings apart.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from orestream.contracts.topics import OUTCOMES, SERVICES
from tests.chaos.checker.records import Record
from tests.integration.chaos.conftest import Run
from tests.support.planted import fact, headed
from tests.support.systems import System

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Spoiled:
    """What the checker's command says of a run that somebody has meddled with."""

    findings: Mapping[str, str]
    lost: Record
    doubled: Record
    leaked: str


def checked(directory: Path) -> dict[str, str]:
    """Check → its findings in one text, of those that do not hold."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.checker", str(directory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    told: list[dict[str, Any]] = json.loads((directory / "verdict.json").read_text())
    assert done.returncode == (0 if all(verdict["holds"] for verdict in told) else 1)
    assert len([line for line in done.stdout.splitlines() if line.endswith("examined")]) == len(told)
    return {verdict["check"]: "\n".join(verdict["findings"]) for verdict in told if not verdict["holds"]}


@contextmanager
def stopped(system: System) -> Iterator[None]:
    """The services stand still, so that nobody sets anything right."""
    for service in SERVICES:
        system.kill(service, signal.SIGSTOP)
    try:
        yield
    finally:
        for service in SERVICES:
            system.kill(service, signal.SIGCONT)


def write(bootstrap: str, record: Record) -> None:
    """One record, past every writer."""
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce(
        record.topic,
        key=record.key,
        value=record.value,
        headers=list(record.headers),
        partition=record.partition,
    )
    assert producer.flush(30) == 0


def delete_first(bootstrap: str, record: Record) -> None:
    """The log of its partition begins after this record."""
    after = TopicPartition(record.topic, record.partition, record.offset + 1)
    admin = AdminClient({"bootstrap.servers": bootstrap})  # kept: its thread ends with it
    for future in admin.delete_records([after]).values():
        future.result(30)


def execute(run: Run, service: str, statement: str) -> None:
    """A change in a service's database that no service made."""
    path = run.system.directory / "databases" / f"{service}.db"
    with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
        assert connection.execute(statement).rowcount == 1


@pytest.fixture(scope="module")
def spoiled(run: Run) -> Iterator[Spoiled]:
    assert checked(run.directory) == {}
    evidence, bootstrap = run.evidence, run.system.bootstrap
    doubled = fact(evidence, "lot.mined")
    leaked = fact(evidence, "source.registered")
    elsewhere = doubled.having(
        partition=(doubled.partition + 1) % 12, headers=headed(doubled, "ce_id", "elsewhere")
    )
    lost = next(record for record in evidence.of(OUTCOMES) if record.offset == 0)
    with stopped(run.system):
        write(bootstrap, doubled)
        write(bootstrap, leaked.having(headers=headed(leaked, "ce_id", "leaked")))
        write(bootstrap, elsewhere)
        delete_first(bootstrap, lost)
        execute(run, "mining", "UPDATE outbox SET previous_link = 'elsewhere' WHERE position = 1")
        execute(
            run,
            "export",
            "UPDATE aggregate SET state = replace(state, 'antimony', 'gold') WHERE rowid ="
            " (SELECT min(rowid) FROM aggregate WHERE kind = 'kin' AND state LIKE '%antimony%')",
        )
        execute(run, "processing", "DELETE FROM waiting WHERE command_id = 'c-LOT-NOWHERE'")
        yield Spoiled(checked(run.directory), lost, doubled, leaked.key_text)


def test_a_record_that_was_deleted_from_the_log_is_missed(spoiled: Spoiled) -> None:
    assert spoiled.lost.key_text in spoiled.findings["nothing-lost"]


def test_a_record_that_was_copied_is_found(spoiled: Spoiled) -> None:
    assert f"{spoiled.doubled.id} of /orestream/main/mining stands at" in spoiled.findings["no-duplicate-id"]


def test_a_record_that_no_database_has_is_found(spoiled: Spoiled) -> None:
    assert f"{spoiled.leaked} is in no outbox of mining" in spoiled.findings["nothing-leaked"]


def test_a_record_on_another_partition_is_found(spoiled: Spoiled) -> None:
    belongs = f"key {spoiled.doubled.key_text} belongs on partition {spoiled.doubled.partition}"
    assert belongs in spoiled.findings["one-partition-per-key"]


def test_an_altered_link_is_found(spoiled: Spoiled) -> None:
    assert "mining row 1: the first of all follows the link elsewhere" in spoiled.findings["outbox-is-linked"]


def test_an_altered_state_is_found(spoiled: Spoiled) -> None:
    assert "export kin " in spoiled.findings["states-are-the-fold"]


def test_a_command_that_was_deleted_from_its_queue_is_missed(spoiled: Spoiled) -> None:
    assert "c-LOT-NOWHERE" in spoiled.findings["one-final-outcome"]


def test_what_nobody_meddled_with_still_holds(spoiled: Spoiled) -> None:
    untouched = {"acknowledged-is-in-the-log", "repeats-and-conflicts", "readers-agree", "mass-is-conserved"}
    assert untouched.isdisjoint(spoiled.findings)
