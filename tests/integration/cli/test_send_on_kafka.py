"""`send` puts commands where services read them, and brings their answers back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from orestream.chassis.records import Fetched
from orestream.chassis.settings import Settings
from orestream.cli.importing.files import read_commands
from orestream.cli.ledger import decode_one
from orestream.cli.outcomes import digest_of
from orestream.cli.reading import topic_reader
from orestream.contracts.message import Command
from orestream.contracts.outcome import CommandAnswered, InputPlace
from orestream.contracts.topics import OUTCOMES, SERVICES, commands_topic, partition_of
from orestream.contracts.wire import Envelope, encode, fact_id, source_of
from tests.integration.cli.conftest import Shell, produce

CHAIN = Path(__file__).parents[2] / "examples" / "chain.jsonl"
TOPICS = [commands_topic("main", service) for service in SERVICES]

Judge = Callable[[Command], dict[str, Any] | None]


def settings_for(shell: Shell) -> Settings:
    return Settings(bootstrap_servers=shell.bootstrap)


def answer_to(record: Fetched, said: dict[str, Any]) -> Fetched:
    """The outcome record that a service would write."""
    entry = decode_one(record)
    command = entry.message  # type: ignore[union-attr]
    assert isinstance(command, Command)
    service = record.topic.split(".")[2]
    source = source_of("main", service)
    outcome = CommandAnswered(
        command_id=command.command_id,
        command=type(command).__name__,
        service=service,
        input=InputPlace(topic=record.topic, partition=record.partition, offset=record.offset),
        digest="sha256:0",
        rules_version="2025-09-01",
        **said,
    )
    envelope = Envelope(
        id=fact_id(source, "cli", record.at, 0),
        source=source,
        type=CommandAnswered.TYPE,
        subject=command.command_id,
        time=command.occurred_at,
        correlation_id=command.command_id,
        sequence=1,
    )
    wire = encode(outcome, envelope)
    return Fetched(OUTCOMES, partition_of(wire.key, 12), 0, wire.key, wire.headers, wire.value, 0)


@asynccontextmanager
async def service_that(judge: Judge, shell: Shell) -> AsyncIterator[None]:
    """Answers commands as they come; what is judged None is not answered."""

    async def answer() -> None:
        async with topic_reader(settings_for(shell), TOPICS) as reader:
            turn = 0
            async for records in reader.follow(await reader.starts("beginning")):
                answers = []
                for record in records:
                    said = judge(decode_one(record).message)  # type: ignore[union-attr,arg-type]
                    answers += [] if said is None else [answer_to(record, said)]
                if answers:
                    turn += 1
                    await produce(shell.bootstrap, answers, name=f"answers-{turn}")

    answering = asyncio.create_task(answer())
    try:
        yield
    finally:
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)


async def test_every_command_stands_on_its_keys_partition_in_file_order(
    shell: Shell,
) -> None:
    sent = await asyncio.to_thread(shell.run, "send", str(CHAIN), "--no-wait")
    assert sent.returncode == 0, sent.stderr
    async with topic_reader(settings_for(shell), TOPICS) as reader:
        records = await reader.between(await reader.starts("beginning"), await reader.ends())
    checked, _ = read_commands([str(CHAIN)])
    by_lane: dict[tuple[str, str], list[str]] = {}
    for one in checked:
        by_lane.setdefault((commands_topic("main", one.service), one.command.key), []).append(
            one.command.command_id
        )
    found: dict[tuple[str, str], list[str]] = {}
    for record in records:
        entry = decode_one(record)
        assert entry.envelope is not None
        assert entry.envelope.source == "/orestream/main/cli"
        assert entry.envelope.correlation_id == entry.envelope.id
        assert entry.envelope.traceparent is not None
        assert entry.envelope.sequence is None
        assert record.partition == partition_of(entry.envelope.subject.encode(), 12)
        found.setdefault((record.topic, entry.envelope.subject), []).append(entry.envelope.id)
    assert found == by_lane


async def test_answers_are_printed_in_file_order_whatever_their_own(shell: Shell) -> None:
    async with service_that(lambda _: {"status": "accepted"}, shell):
        done = await asyncio.to_thread(shell.run, "send", str(CHAIN), "--json")
    assert done.returncode == 0, done.stderr
    told = [json.loads(line)["command_id"] for line in done.stdout.splitlines()]
    assert told == [json.loads(line)["command_id"] for line in CHAIN.read_text().splitlines()]


async def test_a_refusal_is_exit_code_three(shell: Shell) -> None:
    def judge(command: Command) -> dict[str, Any]:
        if command.command_id == "c-004":
            return {"status": "refused", "rule": "R01", "message": "no net mass"}
        return {"status": "accepted"}

    async with service_that(judge, shell):
        done = await asyncio.to_thread(shell.run, "send", str(CHAIN))
    assert done.returncode == 3
    assert "refused   c-004      MineLot LOT-SB-0003  R01 no net mass" in done.stdout
    assert "41 accepted, 1 refused, 0 without a final answer" in done.stderr


async def test_a_command_that_waits_beyond_the_patience_is_exit_code_four(shell: Shell) -> None:
    def judge(command: Command) -> dict[str, Any] | None:
        if command.command_id == "c-010":
            return {"status": "waiting", "message": "LOT-SB-0001 is not despatched yet"}
        return None if command.command_id == "c-011" else {"status": "accepted"}

    async with service_that(judge, shell):
        done = await asyncio.to_thread(shell.run, "send", str(CHAIN), "--timeout", "3")
    assert done.returncode == 4
    assert "waiting   c-010" in done.stdout
    assert "not despatched yet" in done.stdout
    assert "unanswered c-011" in done.stdout


async def test_another_content_under_a_used_id_is_shown_as_refused(shell: Shell) -> None:
    def judge(_: Command) -> dict[str, Any]:
        return {"status": "refused", "rule": "R02", "message": "used before", "conflict": True}

    line = CHAIN.read_text().splitlines()[0]
    async with service_that(judge, shell):
        done = await asyncio.to_thread(shell.run, "send", "-", stdin=line)
    assert done.returncode == 3
    assert "refused   c-001      RegisterSource SRC-SB-1  R02 used before" in done.stdout


async def test_a_repeat_with_a_final_status_answers_too(shell: Shell) -> None:
    line = CHAIN.read_text().splitlines()[0]
    async with service_that(lambda _: {"status": "accepted", "repeat": True}, shell):
        done = await asyncio.to_thread(shell.run, "send", "-", stdin=line)
    assert done.returncode == 0
    assert "(repeated)" in done.stdout


def test_the_digest_does_not_depend_on_how_the_file_was_written(tmp_path: Path) -> None:
    line = CHAIN.read_text().splitlines()[1]
    spaced = tmp_path / "spaced.jsonl"
    spaced.write_text(
        line.replace('", "', '",    "').replace("2025-09-03T08:00:00Z", "2025-09-03T13:00:00+05:00")
    )
    plain = tmp_path / "plain.jsonl"
    plain.write_text(line)
    ((one,), _), ((other,), _) = read_commands([str(spaced)]), read_commands([str(plain)])
    assert digest_of(one) == digest_of(other)


def test_topics_are_planned_applied_and_left_alone(shell: Shell) -> None:
    assert shell.json("topics", "plan") == {"clean": True, "steps": []}
    again = shell.run("topics", "apply")
    assert again.returncode == 0
    assert "created" not in again.stdout
    other = shell.run("topics", "plan", "--partitions", "24")
    assert other.returncode == 1
    assert "the number of partitions is 12, where 24 is expected" in other.stdout
