"""The mining service as a process or within the test, spoken to over Kafka as anyone would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer, ConsumerRecord

from orestream.chassis.kafka.admin import admin_client, apply, plan
from orestream.chassis.kafka.topics import needed
from orestream.chassis.records import Series
from orestream.chassis.settings import PREFIX, Settings
from orestream.chassis.store import migrate
from orestream.contracts.mining import RegisterSource
from orestream.contracts.topics import MINING_LOTS, OUTCOMES, commands_topic
from orestream.contracts.wire import Envelope, encode, source_of
from tests.support.chain import commands
from tests.support.reading import sequence_of, visible


@dataclass
class Customer:
    """Registers sources, and reads what comes of it."""

    settings: Settings
    sent: list[str] = field(default_factory=list)

    @property
    def source(self) -> str:
        return source_of(self.settings.site, "mining")

    async def register(self, count: int) -> None:
        """That many sources more, each by a command of its own."""
        template = {k: v for k, v in commands()[0].items() if k not in ("command", "service")}
        producer = AIOKafkaProducer(
            bootstrap_servers=self.settings.servers(), acks="all", enable_idempotence=True
        )
        await producer.start()
        try:
            for _ in range(count):
                await self._register(producer, template)
            await producer.flush()
        finally:
            await producer.stop()

    async def _register(self, producer: AIOKafkaProducer, template: dict[str, Any]) -> None:
        number = f"{self.settings.site}-{len(self.sent)}"
        command = RegisterSource.read(
            json.dumps({**template, "command_id": f"c-{number}", "source_id": f"SRC-{number}"})
        )
        envelope = Envelope(
            id=command.command_id,
            source=source_of(self.settings.site, "cli"),
            type=RegisterSource.type_for("mining"),
            subject=command.key,
            time=command.occurred_at,
            correlation_id=command.command_id,
        )
        record = encode(command, envelope)
        await producer.send(
            commands_topic(self.settings.site, "mining"),
            key=record.key,
            value=record.value,
            headers=list(record.headers),
        )
        self.sent.append(command.command_id)

    async def records(self, topic: str) -> list[ConsumerRecord]:
        """Everything of this service on a topic."""
        partitions = [Series(topic, n) for n in range(self.settings.partitions)]
        return await visible(self.settings.bootstrap_servers, partitions, self.source)

    async def answered(self) -> list[str]:
        """The commands that have an answer, in the order of their names."""
        outcomes = [json.loads(record.value) for record in await self.records(OUTCOMES)]
        return sorted(outcome["command_id"] for outcome in outcomes)

    async def check(self) -> None:
        """One answer and one fact for each command, sequences without hole."""
        assert await self.answered() == sorted(self.sent)
        assert len(await self.records(MINING_LOTS)) == len(self.sent)
        for topic in (OUTCOMES, MINING_LOTS):
            found: dict[int, list[int]] = {}
            for record in await self.records(topic):
                found.setdefault(record.partition, []).append(sequence_of(record))
            for sequences in found.values():
                assert sequences == list(range(1, len(sequences) + 1))


async def prepare(settings: Settings) -> None:
    """Schema and topics, as an operator makes them before the first start."""
    await migrate(settings.database_for("mining"))
    async with admin_client(settings) as admin:
        await apply(admin, await plan(admin, needed(settings, "mining").topics))


def environment_of(settings: Settings) -> dict[str, str]:
    """The variables that make another process read these settings."""
    named = {
        "BOOTSTRAP_SERVERS": settings.bootstrap_servers,
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "SITE": settings.site,
        "ENV": settings.env,
        "PARTITIONS": str(settings.partitions),
        "MANAGEMENT_PORT": "0",
        "LOG_FORMAT": "json",
    }
    return {**os.environ, **{PREFIX + name: value for name, value in named.items()}}


@contextmanager
def mining_process(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """`python -m orestream.mining`, its log on stderr; killed at the end if it still runs."""
    with subprocess.Popen(
        [sys.executable, "-m", "orestream.mining"],
        env=environment_of(settings),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
