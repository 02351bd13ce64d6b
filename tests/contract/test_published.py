"""The published files are fresh, true to the models, and valid by the specifications' own tools."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from orestream.contracts.generate.__main__ import artefacts, main, stale
from orestream.contracts.generate.asyncapi import document
from orestream.contracts.registry import MODELS, decode
from orestream.contracts.wire import encode

PUBLISHED = files("orestream.contracts") / "published"


def published(name: str) -> Any:
    return json.loads((PUBLISHED / name).read_text(encoding="utf-8"))


def test_nothing_published_is_stale() -> None:
    assert stale(artefacts()) == []
    assert main(["--check"]) == 0


def test_a_stale_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    made = artefacts()
    made["asyncapi.json"] += " "
    assert stale(made) == ["asyncapi.json"]


@pytest.mark.parametrize("type_", list(MODELS))
def test_a_golden_record_obeys_the_published_schema_and_the_codec(type_: str) -> None:
    golden, schema = published(f"golden/{type_}.json"), published(f"schemas/{type_}.json")
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(golden["value"]))
    headers = tuple((name, text.encode()) for name, text in golden["headers"].items())
    envelope, message = decode(golden["key"].encode(), headers, golden["value"].encode())
    wire = encode(message, envelope)
    assert (wire.headers, wire.value) == (headers, golden["value"].encode())


def test_a_schema_refuses_a_number_where_a_decimal_string_is_due() -> None:
    schema = published("schemas/orestream.lot.mined.v1.json")
    value = json.loads(published("golden/orestream.lot.mined.v1.json")["value"])
    assert not Draft202012Validator(schema).is_valid(value | {"wet_kg": 24000})


def test_readers_need_not_know_every_field_but_a_misspelt_command_is_noticed() -> None:
    fact, command = (
        published(f"schemas/{type_}.json")
        for type_ in ("orestream.lot.mined.v1", "orestream.mining.mine-lot.v1")
    )
    value = json.loads(published("golden/orestream.lot.mined.v1.json")["value"])
    asked = json.loads(published("golden/orestream.mining.mine-lot.v1.json")["value"])
    assert Draft202012Validator(fact).is_valid(value | {"later": 1})
    assert not Draft202012Validator(command).is_valid(asked | {"lotid": "x"})


def test_every_command_channel_has_a_reply() -> None:
    operations = document()["operations"]
    answering = [operation for name, operation in operations.items() if name.endswith("answers-commands")]
    assert len(answering) == 3
    assert all(op["reply"]["channel"]["$ref"].endswith("orestream_outcomes_v1") for op in answering)
