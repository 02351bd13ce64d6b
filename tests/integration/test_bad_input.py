"""Bad input to the real services on a real broker: everything is answered as documented, nothing stops.

All of it is sent to one running system; afterwards that system must be as good as before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from orestream.contracts.topics import MINING_LOTS, SERVICES, commands_topic
from tests.support.bare_records import Bare, Wire, bare
from tests.support.chain import commands
from tests.support.systems import System, running_system, written

MINING = commands_topic("main", "mining")
MEGABYTE = 1_000_000


def said(service: str, type_: str, key: str, content: dict[str, Any]) -> Bare:
    """A command as a record, its id and time in headers and value."""
    return bare(
        commands_topic("main", service),
        f"orestream.{service}.{type_}.v1",
        key,
        content,
        id=content["command_id"],
        source="/orestream/main/cli",
        time=content["occurred_at"],
    )


def lot(name: str, **changes: Any) -> Bare:
    """A good MineLot command on a lot of its own, but for the fields that are changed."""
    content = {k: v for k, v in commands()[1].items() if k != "command"}
    ticket = {**content["tickets"][0], "number": f"WB-{name}", **changes.pop("ticket", {})}
    content |= {"command_id": f"c-{name}", "lot_id": f"LOT-{name}", "tickets": [ticket], **changes}
    return said("mining", "mine-lot", f"LOT-{name}", content)


def spoilt(name: str, before: bytes, after: bytes) -> Bare:
    """A good command with something else in its bytes."""
    record = lot(name)
    assert record.value is not None
    assert before in record.value
    return record.having(value=record.value.replace(before, after))


def typed(name: str, type_: bytes) -> Bare:
    """A command of another type."""
    return lot(name).headed("ce_type", type_).headed("ce_dataschema", b"urn:" + type_.replace(b".", b":"))


REFUSED: dict[str, tuple[Bare, str | None]] = {
    "undecodable": (lot("undecodable").having(value=b"\xff\xfe{"), "value"),
    "half": (lot("half").having(value=b'{"command_id": "c-half"'), "value"),
    "list": (lot("list").having(value=b"[]"), "value"),
    "deep": (lot("deep").having(value=b"[" * 100_000), "value"),
    "tombstone": (lot("tombstone").having(value=None), "value"),
    "no-key": (lot("no-key").having(key=None), "key"),
    "empty-key": (lot("empty-key").having(key=b""), "key"),
    "another-key": (lot("another-key").having(key=b"LOT-9"), "key"),
    "no-type": (lot("no-type").headed("ce_type", None), "ce_type"),
    "no-time": (lot("no-time").headed("ce_time", None), "ce_time"),
    "other-version": (lot("other-version").headed("ce_specversion", b"0.3"), "ce_specversion"),
    "header-not-text": (lot("header-not-text").headed("ce_source", b"\xff\xfe"), "ce_source"),
    "no-header-value": (lot("no-header-value").with_nothing_under("ce_source"), "ce_source"),
    "header-naive-time": (lot("header-naive-time").headed("ce_time", b"2025-09-03T08:00:00"), "ce_time"),
    "unknown-type": (typed("unknown-type", b"orestream.mining.melt-lot.v1"), "ce_type"),
    "of-another-service": (typed("of-another-service", b"orestream.export.open-shipment.v1"), "shipment_id"),
    "number-for-decimal": (lot("number-for-decimal", moisture_pct=3.0), "moisture_pct"),
    "decimal-comma": (lot("decimal-comma", moisture_pct="3,00"), "moisture_pct"),
    "not-a-number": (lot("not-a-number", moisture_pct="NaN"), "moisture_pct"),
    "exponent": (lot("exponent", ticket={"gross_kg": "3e4"}), "tickets.0.gross_kg"),
    "naive-time": (spoilt("naive-time", b'"2025-09-03T08:00:00Z", "by"', b'"2025-09-03T08:00:00", "by"'),
                   "occurred_at"),
    "zero-mass": (lot("zero-mass", ticket={"gross_kg": "14000.000"}), None),
    "negative-mass": (lot("negative-mass", ticket={"gross_kg": "13999.999"}), None),
    "all-moisture": (lot("all-moisture", moisture_pct="100"), None),
    "negative-moisture": (lot("negative-moisture", moisture_pct="-0.01"), None),
    "megabyte": (lot("megabyte", by="x" * MEGABYTE), "by"),
    "megabyte-of-noise": (lot("megabyte-of-noise").having(value=b"\x00" * MEGABYTE), "value"),
    "endless-correlation": (lot("endless-correlation").headed("ce_correlationid", b"x" * MEGABYTE),
                            "ce_correlationid"),
    "endless-type": (typed("endless-type", b"x" * 500_000), "ce_type"),
    "endless-subject": (lot("endless-subject").headed("ce_subject", b"\x01" * MEGABYTE), "ce_subject"),
    "endless-time": (lot("endless-time").headed("ce_time", b"9" * MEGABYTE), "ce_time"),
}  # fmt: skip
"""What is wrong → the record, and the field its answer names (None where a rule answers, not the form)."""

UNKNOWN: dict[str, tuple[Bare, str]] = {}
"""Commands for things that nobody has heard of → the record, and what it waits for."""


def _unknown(name: str, to: str, kind: str, key: str, waits_for: str) -> None:
    """The first command of that kind in the example, about things that were never heard of."""
    service, type_ = to.split("/")
    text = json.dumps(next(one for one in commands() if one["command"] == kind))
    for known in ("LOT-SB", "SRC-SB", "SHP-", "WB1-", "CON-SB", "BATCH-"):
        text = text.replace(known, f"NOWHERE-{known}")
    content = {k: v for k, v in json.loads(text).items() if k not in ("command", "service")}
    content["command_id"] = f"c-{name}"
    UNKNOWN[name] = (said(service, type_, content[key], content), waits_for)


_unknown("source-unknown", "mining/mine-lot", "MineLot", "lot_id", "source NOWHERE-SRC-SB-1")
_unknown("lot-unknown", "mining/assay-lot", "AssayLot", "lot_id", "lot NOWHERE-LOT-SB-0001")
_unknown("inputs-unknown", "processing/process-batch", "ProcessBatch", "batch_id", "lot NOWHERE-")
_unknown("shipment-unknown", "export/classify-cargo", "ClassifyCargo", "shipment_id", "shipment NOWHERE-")


@dataclass(frozen=True, slots=True)
class Aftermath:
    """A system that has been sent everything above."""

    system: System
    wire: Wire
    processes: dict[str, int]
    answers: dict[str, list[dict[str, Any]]]
    nameless: str


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    directory = tmp_path_factory.mktemp("bad-input")
    with running_system(directory) as system:
        processes = {name: system.pid(name) for name in ("kafka", *SERVICES)}
        assert system.send(written(directory / "source.jsonl", commands()[:1]))[0]["status"] == "accepted"
        wire = Wire(system.bootstrap)
        (nameless,) = wire.write(Bare(MINING, b"\xff", {}, b"no command at all"))
        wire.write(*(record for record, _ in REFUSED.values()), *(record for record, _ in UNKNOWN.values()))
        ids = [f"c-{name}" for name in (*REFUSED, *UNKNOWN)]
        yield Aftermath(system, wire, processes, wire.answered(nameless, *ids), nameless)


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_once_with_the_field_that_is_wrong(aftermath: Aftermath, name: str) -> None:
    (answer,) = aftermath.answers[f"c-{name}"]
    assert (answer["status"], answer["rule"]) == ("refused", "R01")
    assert answer["message"]
    assert (answer.get("details") or {}).get("field") == REFUSED[name][1]


def test_what_has_no_readable_id_is_answered_under_its_place(aftermath: Aftermath) -> None:
    (answer,) = aftermath.answers[aftermath.nameless]
    assert (answer["status"], answer["rule"]) == ("refused", "R01")
    assert answer["input"]["topic"] == MINING


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_command_for_something_unknown_waits_and_says_what_for(aftermath: Aftermath, name: str) -> None:
    (answer,) = aftermath.answers[f"c-{name}"]
    assert answer["status"] == "waiting"
    assert any(one.startswith(UNKNOWN[name][1]) for one in answer["waits_for"])


def test_a_duplicate_gets_its_answer_again_and_other_content_under_its_id_a_conflict(
    aftermath: Aftermath,
) -> None:
    record = lot("twice")
    other = lot("twice", moisture_pct="4.00")
    aftermath.wire.write(record, record, other)

    answers = aftermath.wire.answered("c-twice", times=3)["c-twice"]

    first, again, conflict = sorted(answers, key=lambda answer: int(answer["input"]["offset"]))
    assert (first["status"], first.get("repeat")) == ("accepted", None)
    assert (again["status"], again["repeat"], again["facts"]) == ("accepted", True, first["facts"])
    assert (conflict["status"], conflict["rule"], conflict["conflict"]) == ("refused", "R02", True)


def test_fields_that_nobody_knows_are_ignored_however_long_they_are(aftermath: Aftermath) -> None:
    aftermath.wire.write(lot("coloured", colour="grey"), lot("verbose", **{"x" * MEGABYTE: "grey"}))

    answers = aftermath.wire.answered("c-coloured", "c-verbose")

    assert [answers[one][0]["status"] for one in ("c-coloured", "c-verbose")] == ["accepted", "accepted"]
    assert not [one for one in aftermath.wire.read(MINING_LOTS) if b"grey" in (one.value() or b"")]


def test_a_megabyte_that_is_a_good_command_but_for_its_whitespace_is_accepted(aftermath: Aftermath) -> None:
    record = lot("roomy")
    assert record.value is not None
    aftermath.wire.write(record.having(value=record.value + b" " * (MEGABYTE - len(record.value))))

    (answer,) = aftermath.wire.answered("c-roomy")["c-roomy"]

    assert answer["status"] == "accepted"


def test_afterwards_every_service_answers_nothing_has_died_and_the_ledger_holds(
    aftermath: Aftermath,
) -> None:
    sent = aftermath.system.send(
        written(
            aftermath.system.directory / "good.jsonl",
            [{**commands()[1], "command_id": "c-good", "lot_id": "LOT-GOOD"}],
        )
    )

    assert [answer["status"] for answer in sent] == ["accepted"]
    assert {name: aftermath.system.pid(name) for name in aftermath.processes} == aftermath.processes
    assert aftermath.system.verify()["clean"]
