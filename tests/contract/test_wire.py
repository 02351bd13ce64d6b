"""The codec, in both directions and for every way a record can be wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orestream.contracts.lots import LotDrawn
from orestream.contracts.registry import MODELS, decode
from orestream.contracts.wire import (
    MAX_HEADER_BYTES,
    Envelope,
    Malformed,
    UnknownType,
    encode,
    fact_id,
    source_of,
)

EXAMPLES = Path(__file__).parent.parent / "examples"
RECORDS = [json.loads(line) for line in (EXAMPLES / "records.jsonl").read_text().splitlines()]

DRAWN = LotDrawn.model_validate(
    {"lot_id": "LOT-1", "purpose": "batch", "into": "BATCH-1", "wet_kg": "10.000", "dry_kg": "9.000"}
)
ENVELOPE = Envelope(
    id="f-1",
    source="/orestream/main/mining",
    type=LotDrawn.TYPE,
    subject="LOT-1",
    time=datetime(2025, 9, 3, 8, tzinfo=UTC),
    sequence=7,
    correlation_id="c-1",
    causation_id="c-1",
)


def record() -> tuple[bytes, dict[str, bytes], bytes]:
    wire = encode(DRAWN, ENVELOPE)
    return wire.key, dict(wire.headers), wire.value


def refusal(key: bytes | None, headers: dict[str, bytes], value: bytes | None) -> Malformed:
    with pytest.raises(Malformed) as caught:
        decode(key, headers.items(), value)
    return caught.value


@pytest.mark.parametrize("shown", RECORDS, ids=[shown["headers"]["ce_type"] for shown in RECORDS])
def test_a_record_of_the_design_is_read_and_written_byte_for_byte(shown: dict[str, dict[str, str]]) -> None:
    key = str(shown["key"]).encode()
    headers = tuple((name, text.encode()) for name, text in shown["headers"].items())
    value = json.dumps(shown["value"], ensure_ascii=False, separators=(",", ":")).encode()
    envelope, message = decode(key, headers, value)
    wire = encode(message, envelope)
    assert (wire.key, wire.headers, wire.value) == (key, headers, value)


def test_a_record_comes_back_as_it_was_written() -> None:
    key, headers, value = record()
    assert decode(key, headers.items(), value) == (ENVELOPE, DRAWN)


def test_the_id_of_a_fact_is_the_same_on_every_run() -> None:
    mining, cli = source_of("main", "mining"), source_of("main", "cli")
    assert fact_id(mining, cli, "c-002", 0) == "a15ee679-a5ca-5d6d-b5ec-f0a0d24a3ef8"
    assert fact_id(mining, cli, "c-002", 1) != fact_id(mining, cli, "c-002", 0)


@pytest.mark.parametrize(
    "name",
    [
        "content-type",
        "ce_specversion",
        "ce_id",
        "ce_source",
        "ce_type",
        "ce_subject",
        "ce_time",
        "ce_dataschema",
    ],
)
def test_a_missing_header_is_named(name: str) -> None:
    key, headers, value = record()
    del headers[name]
    assert refusal(key, headers, value).where == name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("content-type", b"text/plain"),
        ("ce_specversion", b"0.3"),
        ("ce_time", b"2025-09-03T08:00:00"),
        ("ce_time", b"2025-13-03T08:00:00Z"),
        ("ce_time", b"yesterday"),
        ("ce_sequence", b"7"),
        ("ce_sequence", b"00000000000000000000"),
        ("ce_sequence", b"09223372036854775808"),
        ("ce_dataschema", b"urn:orestream:lot:mined:v1"),
        ("ce_partitionkey", b"LOT-2"),
        ("ce_subject", b"a lot"),
        ("ce_id", b"\xff\xfe"),
    ],
)
def test_a_malformed_header_is_named(name: str, text: bytes) -> None:
    key, headers, value = record()
    headers[name] = text
    assert refusal(key, headers, value).where == name


def test_a_header_that_stands_there_twice_is_refused() -> None:
    key, headers, value = record()
    with pytest.raises(Malformed, match="ce_id: this header stands there twice"):
        decode(key, [*headers.items(), ("ce_id", b"other")], value)


def test_an_invalid_trace_context_is_ignored() -> None:
    key, headers, value = record()
    headers["traceparent"] = b"broken"
    envelope, _ = decode(key, headers.items(), value)
    assert envelope.traceparent is None


@pytest.mark.parametrize("key", [None, b"", b"LOT-2"])
def test_a_key_that_is_absent_empty_or_another_is_refused(key: bytes | None) -> None:
    _, headers, value = record()
    assert refusal(key, headers, value).where == "key"


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (None, "value"),
        (b"", "value"),
        (b"\xff\xfe", "value"),
        (b"[]", "value"),
        (b'{"lot_id":"LOT-1","purpose":"batch","into":"B","wet_kg":10.0,"dry_kg":"9"}', "wet_kg"),
        (b'{"lot_id":"LOT-1","purpose":"batch","into":"B","wet_kg":"1e3","dry_kg":"9"}', "wet_kg"),
        (b'{"lot_id":"LOT-1","purpose":"batch","into":"B","wet_kg":"NaN","dry_kg":"9"}', "wet_kg"),
        (b'{"lot_id":"LOT-1","purpose":"batch","into":"B","wet_kg":"-1","dry_kg":"9"}', "wet_kg"),
        (b'{"lot_id":"LOT-1","purpose":"batch","into":"B","wet_kg":"1"}', "dry_kg"),
        (b'{"lot_id":"LOT-1","purpose":"theft","into":"B","wet_kg":"1","dry_kg":"1"}', "purpose"),
        (b'{"lot_id":"LOT-2","purpose":"batch","into":"B","wet_kg":"1","dry_kg":"1"}', "ce_subject"),
    ],
)
def test_a_value_that_is_wrong_is_refused_with_its_place(value: bytes | None, where: str) -> None:
    key, headers, _ = record()
    assert refusal(key, headers, value).where == where


def test_a_type_that_is_not_known_is_told_apart_from_a_malformed_record() -> None:
    key, headers, value = record()
    headers["ce_type"] = b"orestream.lot.vanished.v1"
    headers["ce_dataschema"] = b"urn:orestream:lot:vanished:v1"
    assert isinstance(refusal(key, headers, value), UnknownType)


def test_a_field_that_a_later_version_added_is_ignored() -> None:
    key, headers, value = record()
    assert decode(key, headers.items(), value[:-1] + b',"later":{"deep":[1]}}')[1] == DRAWN


def test_a_commands_id_and_time_agree_with_its_headers() -> None:
    shown = RECORDS[0]
    headers = {name: text.encode() for name, text in shown["headers"].items()}
    value = json.dumps(shown["value"]).encode()
    key = shown["key"].encode()
    assert refusal(key, headers | {"ce_id": b"c-003"}, value).where == "command_id"
    assert refusal(key, headers | {"ce_time": b"2025-09-04T08:00:00Z"}, value).where == "occurred_at"


def test_every_type_is_named_after_its_message() -> None:
    assert MODELS["orestream.mining.mine-lot.v1"].__name__ == "MineLot"
    assert MODELS["orestream.lot.hold-lifted.v1"].__name__ == "LotHoldLifted"
    assert MODELS["orestream.command.answered.v1"].__name__ == "CommandAnswered"


def test_a_header_longer_than_any_id_is_refused() -> None:
    key, headers, value = record()
    headers["ce_correlationid"] = b"c" * (MAX_HEADER_BYTES + 1)
    assert refusal(key, headers, value).where == "ce_correlationid"
    headers["ce_correlationid"] = b"c" * MAX_HEADER_BYTES
    envelope, _ = decode(key, headers.items(), value)
    assert len(envelope.correlation_id) == MAX_HEADER_BYTES
