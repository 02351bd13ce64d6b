"""Readers that share no code with the services: Kafka's own consumer, librdkafka, kcat, JSON Schemas."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Message
from jsonschema import Draft202012Validator

from orestream.cli.embedded.node_settings import LOGGING
from orestream.cli.embedded.runtime import Runtime
from orestream.contracts.topics import MINING_LOTS, fact_topics
from tests.support.bare_records import Wire, header_of
from tests.support.chain import CHAIN
from tests.support.systems import running_system

README = Path(__file__).parents[2] / "README.md"
SCHEMAS = files("orestream.contracts") / "published" / "schemas"
REQUIRED = (
    "specversion",
    "id",
    "source",
    "type",
    "subject",
    "time",
    "dataschema",
    "partitionkey",
    "sequence",
)


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """A system that has taken in the whole example."""
    with running_system(tmp_path_factory.mktemp("foreign")) as system:
        system.send(CHAIN)
        yield Wire(system.bootstrap)


@pytest.fixture(scope="module")
def mined(wire: Wire) -> list[Message]:
    """What stands on mining's topic."""
    return wire.read(MINING_LOTS)


def told(record: Message) -> tuple[str, str, str]:
    """Type, key and value of a record, to compare with what others print."""
    return header_of(record, "ce_type"), (record.key() or b"").decode(), (record.value() or b"").decode()


def headers_in(text: str) -> dict[str, str]:
    """`name:value,name:value` as a console consumer prints headers."""
    return dict(pair.split(":", 1) for pair in text.split(","))


def code_of(language: str) -> str:
    """The README's example in a language."""
    found = re.search(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found.group(1)


def test_kafkas_own_console_consumer_shows_cloudevents(
    wire: Wire, mined: list[Message], kafka_runtime: Runtime, tmp_path: Path
) -> None:
    logging = tmp_path / "log4j2.properties"
    logging.write_text(LOGGING, encoding="utf-8")
    said = kafka_runtime.run(
        "org.apache.kafka.tools.consumer.ConsoleConsumer",
        *("--bootstrap-server", wire.bootstrap, "--topic", MINING_LOTS, "--from-beginning"),
        *("--isolation-level", "read_committed", "--max-messages", str(len(mined))),
        *("--formatter-property", "print.headers=true", "--formatter-property", "print.key=true"),
        logging=logging,
    )

    shown = [line.split("\t") for line in said.splitlines() if line.startswith("content-type:")]
    read = [(headers_in(headers), key, value) for headers, key, value in shown]
    assert sorted((one["ce_type"], key, value) for one, key, value in read) == sorted(map(told, mined))
    for headers, key, _ in read:
        assert all(headers[f"ce_{name}"] for name in REQUIRED)
        assert (headers["ce_specversion"], headers["content-type"]) == ("1.0", "application/json")
        assert headers["ce_subject"] == headers["ce_partitionkey"] == key


def test_the_readmes_python_loop_prints_every_fact_once(wire: Wire, mined: list[Message]) -> None:
    code = code_of("python").replace("localhost:9092", wire.bootstrap)
    with subprocess.Popen(
        [sys.executable, "-u", "-W", "error", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as reader:
        assert reader.stdout is not None
        try:
            lines = [reader.stdout.readline().split() for _ in mined]
        finally:
            reader.kill()

    assert sorted(map(tuple, lines)) == sorted(told(record)[:2] for record in mined)


@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not installed on this machine")
def test_the_readmes_kcat_line_shows_keys_headers_and_values(wire: Wire, mined: list[Message]) -> None:
    found = re.search(r"^kcat .*$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    said = subprocess.run(
        ["/bin/sh", "-c", found.group(0).replace("localhost:9092", wire.bootstrap) + " -e -o beginning"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout.splitlines()

    assert sorted(said[1::2]) == sorted(told(record)[2] for record in mined)
    assert all("ce_specversion=1.0" in line and "content-type=application/json" in line for line in said[::2])


@pytest.mark.parametrize("topic", [topic.name for topic in fact_topics()])
def test_every_record_obeys_the_published_schema_of_its_type(wire: Wire, topic: str) -> None:
    validators: dict[str, Draft202012Validator] = {}
    records = wire.read(topic)
    assert records
    for record in records:
        type_ = header_of(record, "ce_type")
        if type_ not in validators:
            schema: dict[str, Any] = json.loads((SCHEMAS / f"{type_}.json").read_text(encoding="utf-8"))
            validators[type_] = Draft202012Validator(schema)
        validators[type_].validate(json.loads(record.value() or b""))
        assert header_of(record, "ce_dataschema") == "urn:" + type_.replace(".", ":")
