"""A broker of this test alone with every topic, and the command line in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from orestream.chassis.records import Fetched
from orestream.cli.embedded.node import KafkaNode

COMMAND = str(Path(sys.executable).parent / "orestream")


@dataclass(frozen=True, slots=True)
class Shell:
    """Calls the command line against one broker."""

    bootstrap: str

    def run(self, *arguments: str, within: float = 120, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """One call; its output and exit code."""
        return subprocess.run(
            [COMMAND, *arguments],
            env={**os.environ, "ORESTREAM_BOOTSTRAP_SERVERS": self.bootstrap, "COLUMNS": "200"},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        """One call that prints one JSON value."""
        done = self.run(*arguments, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def shell(fresh_kafka: KafkaNode) -> Shell:
    """The command line, and a broker with every topic of the catalogue."""
    shell = Shell(fresh_kafka.bootstrap)
    applied = shell.run("topics", "apply")
    assert applied.returncode == 0, applied.stderr
    return shell


async def produce(
    bootstrap: str, records: Iterable[Fetched], *, commit: bool = True, name: str = "test"
) -> None:
    """Write records as a relay does: in one transaction, on the partitions that they name."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=name)
    await producer.start()
    try:
        await producer.begin_transaction()
        sent: Sequence[Any] = [
            await producer.send(
                record.topic,
                value=record.value,
                key=record.key,
                headers=list(record.headers),
                partition=record.partition,
            )
            for record in records
        ]
        for future in sent:
            await future
        await (producer.commit_transaction() if commit else producer.abort_transaction())
    finally:
        await producer.stop()
