"""JSONL: what is read, and how a person is told what is wrong."""

import json
from typing import Any

import pytest

from orestream.cli.importing.checking import LARGEST_VALUE, check_rows
from orestream.cli.importing.jsonl import read_jsonl
from orestream.cli.importing.rows import Fault

MINE = {
    "command": "MineLot",
    "command_id": "c-1",
    "occurred_at": "2025-09-03T08:00:00Z",
    "by": "weighbridge-1",
    "lot_id": "LOT-1",
    "source_id": "SRC-1",
    "material": "antimony-ore",
    "tickets": [
        {
            "number": "T-1",
            "weighbridge": "weighbridge-1",
            "gross_kg": "38000.000",
            "tare_kg": "14000.000",
            "weighed_at": "2025-09-03T08:00:00Z",
        }
    ],
    "moisture_pct": "3.00",
}


def faults_of(*rows: Any) -> list[Fault]:
    reading = read_jsonl(
        "f.jsonl", "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    )
    return [*reading.faults, *check_rows(reading.rows)[1]]


def with_ticket(**changes: Any) -> dict[str, Any]:
    return {**MINE, "tickets": [{**MINE["tickets"][0], **changes}]}  # type: ignore[dict-item]


def test_a_command_is_read_with_its_service_and_its_row() -> None:
    reading = read_jsonl("f.jsonl", "\n" + json.dumps(MINE) + "\n")
    ((checked,), faults) = check_rows(reading.rows)
    assert not faults
    assert (checked.file, checked.row, checked.service, checked.command.key) == (
        "f.jsonl",
        2,
        "mining",
        "LOT-1",
    )
    assert json.loads(checked.value) == {name: value for name, value in MINE.items() if name != "command"}


def test_ranges_are_left_to_the_services() -> None:
    assert not faults_of(with_ticket(gross_kg="-5"), {**MINE, "moisture_pct": "250"})


@pytest.mark.parametrize(
    ("row", "column", "why", "advice"),
    [
        (with_ticket(gross_kg=24000.5), "tickets.0.gross_kg", "24000.5 is not taken", '"24000.000"'),
        (with_ticket(gross_kg=24000), "tickets.0.gross_kg", "24000 is not taken", "as a string"),
        (with_ticket(gross_kg="24,000"), "tickets.0.gross_kg", "'24,000' is not taken", "digits"),
        (with_ticket(gross_kg="2.4e4"), "tickets.0.gross_kg", "'2.4e4' is not taken", "digits"),
        ({**MINE, "occurred_at": "2025-09-03T08:00:00"}, "occurred_at", "is not taken", "with its zone"),
        ({**MINE, "occurred_at": 1756886400}, "occurred_at", "is not taken", "not a number"),
        ({**MINE, "moisture": "3.00"}, "moisture", "not known", "did you mean moisture_pct?"),
        (with_ticket(gros_kg="1"), "tickets.0.gros_kg", "not known", "did you mean gross_kg?"),
        ({**MINE, "lot_id": "LOT 1"}, "lot_id", "has not the form", "matches"),
        ({**MINE, "tickets": []}, "tickets", "no item", "at least one"),
        ({**MINE, "command": "MineLott"}, "command", "is not a command", "did you mean MineLot?"),
        ({name: value for name, value in MINE.items() if name != "command"}, "command", "missing", "name"),
        ({**MINE, "service": "export"}, "service", "export does not know MineLot", "mining"),
        ({**MINE, "service": "smelter"}, "service", "not a service", "mining"),
        ("[1, 2]", "", "a JSON array is no command", "{"),
        ('{"command": "MineLot", "command": "MineLot"}', "command", "twice", "leave one"),
        ('{"command": NaN}', "", "NaN", "strings"),
        ('{"command": ', "character 13", "not JSON", "one object a line"),
    ],
)
def test_a_fault_names_place_reason_and_remedy(row: Any, column: str, why: str, advice: str) -> None:
    faults = faults_of(MINE, row)
    assert [(fault.file, fault.row, fault.column) for fault in faults] == [("f.jsonl", 2, column)]
    assert why in faults[0].why
    assert advice in faults[0].advice
    assert str(faults[0]).startswith("f.jsonl:2: ")


def test_every_fault_of_a_row_is_told_at_once() -> None:
    faults = faults_of({**with_ticket(gross_kg=1.5, tare_kg=2.5), "moisture_pct": 3})
    assert [fault.column for fault in faults] == ["tickets.0.gross_kg", "tickets.0.tare_kg", "moisture_pct"]


def test_a_command_that_two_services_know_must_say_which() -> None:
    hold = {
        "command": "HoldLot",
        "command_id": "c-2",
        "occurred_at": "2025-09-03T08:00:00Z",
        "by": "quality",
        "lot_id": "LOT-1",
        "cause": "origin",
        "reason": "boundary disputed",
        "authority": "quality manager",
    }
    (fault,) = faults_of(hold)
    assert "known to mining and processing" in fault.why
    assert not faults_of({**hold, "service": "processing"})


def test_a_command_about_nothing_is_a_fault() -> None:
    release = {
        "command": "ReleaseQuarantine",
        "command_id": "c-3",
        "service": "mining",
        "occurred_at": "2025-09-03T08:00:00Z",
        "by": "quality",
        "reason": "weighed again",
        "authority": "quality manager",
    }
    (fault,) = faults_of(release)
    assert "is needed" in fault.why


def test_a_value_that_no_record_takes_is_a_fault_before_anything_is_sent() -> None:
    lots = [{"lot_id": f"LOT-{index:0110d}", "wet_kg": "1.000"} for index in range(500)]
    blend = {
        "command": "BlendLots",
        "command_id": "c-4",
        "service": "mining",
        "occurred_at": "2025-09-03T08:00:00Z",
        "by": "stockyard",
        "lot_id": "LOT-B",
        "material": "antimony-ore",
        "parts": lots,
    }
    assert not faults_of(blend)
    batch = {
        "command": "ProcessBatch",
        "command_id": "c-5",
        "occurred_at": "2025-09-03T08:00:00Z",
        "by": "shift-b",
        "batch_id": "B-1",
        "plant_id": "P-1",
        "stage": "flotation",
        "started_at": "2025-09-03T08:00:00Z",
        "ended_at": "2025-09-03T09:00:00Z",
        "inputs": [{"lot_id": "LOT-1", "wet_kg": "1"}],
        "outputs": [
            {"lot_id": "O-1", "role": "product", "material": "m", "wet_kg": "1", "moisture_pct": "0"}
        ],
        "losses": [{"cause": "x" * 2000, "dry_kg": "1"} for _ in range(LARGEST_VALUE // 2000)],
    }
    (fault,) = faults_of(batch)
    assert "more than a record takes" in fault.why
