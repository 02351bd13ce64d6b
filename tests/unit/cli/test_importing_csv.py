"""CSV: dotted columns become the same commands that JSONL states."""

import csv
import io
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from orestream.cli.failing import Unusable
from orestream.cli.importing.checking import COMMANDS, check_rows
from orestream.cli.importing.csv_rows import letters, read_csv
from orestream.cli.importing.files import read_commands
from orestream.cli.importing.templates import template

HEADER = "command,command_id,occurred_at,by,lot_id,source_id,material,moisture_pct"
TICKET = "tickets.0.number,tickets.0.weighbridge,tickets.0.gross_kg,tickets.0.tare_kg,tickets.0.weighed_at"
ROW = "MineLot,c-1,2025-09-03T08:00:00Z,wb,LOT-1,SRC-1,antimony-ore,3.00"
WEIGHED = "T-1,wb,38000.000,14000.000,2025-09-03T08:00:00Z"
CHAIN = Path(__file__).parents[2] / "examples" / "chain.jsonl"


def flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for inner, part in value.items():
            yield from flat(part, f"{name}.{inner}" if name else inner)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from flat(part, f"{name}.{index}")
    else:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)


def test_every_command_of_the_first_shipment_says_the_same_as_csv_and_as_jsonl(tmp_path: Path) -> None:
    rows = [dict(flat(json.loads(line))) for line in CHAIN.read_text().splitlines()]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    sheet = tmp_path / "chain.csv"
    with sheet.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
    from_csv, csv_faults = read_commands([str(sheet)])
    from_jsonl, jsonl_faults = read_commands([str(CHAIN)])
    assert not csv_faults
    assert not jsonl_faults
    assert [(one.service, one.value) for one in from_csv] == [(one.service, one.value) for one in from_jsonl]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_template_is_a_file_that_can_be_sent(name: str) -> None:
    ((checked,), faults) = check_rows(read_csv("t.csv", template(name)).rows)
    assert not faults
    example = json.loads((files("orestream.contracts") / "examples.json").read_text())[name]
    assert checked.command == COMMANDS[name].model_validate(example)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_template_has_a_column_for_every_field(name: str) -> None:
    header = next(csv.reader(io.StringIO(template(name))))
    tops = {column.split(".")[0] for column in header} - {"command", "service"}
    assert tops == set(COMMANDS[name].model_fields)


def test_a_template_of_no_command_suggests_the_nearest() -> None:
    with pytest.raises(Unusable) as raised:
        template("MineLots")
    assert "MineLot" in raised.value.advice


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_taken_from_the_header(separator: str) -> None:
    text = f"{HEADER},{TICKET}\n{ROW},{WEIGHED}\n".replace(",", separator)
    checked, faults = check_rows(read_csv("f.csv", text).rows)
    assert not faults
    assert checked[0].command.key == "LOT-1"


def test_an_empty_cell_is_an_absent_field() -> None:
    text = f"{HEADER},{TICKET},mineral,tickets.1.number\n{ROW},{WEIGHED},,\n"
    ((checked,), _) = check_rows(read_csv("f.csv", text).rows)
    assert "mineral" not in json.loads(checked.value)
    assert len(json.loads(checked.value)["tickets"]) == 1


def test_a_fault_names_row_and_column_even_after_a_cell_of_several_lines() -> None:
    first = f'"MineLot",c-0,2025-09-03T08:00:00Z,"two\nlines",L,S,m,3,{WEIGHED}'
    text = f"{HEADER},{TICKET}\n{first}\n{ROW},T,wb,x,1,y\n"
    reading = read_csv("f.csv", text)
    _, faults = check_rows(reading.rows)
    assert [(fault.row, fault.column) for fault in faults] == [
        (4, "tickets.0.gross_kg (column K)"),
        (4, "tickets.0.weighed_at (column M)"),
    ]


@pytest.mark.parametrize(
    ("text", "row", "column", "why"),
    [
        ("command_id\nc-1\n", 1, "command", "no such column"),
        ("command,by,by\nMineLot,a,b\n", 1, "by", "twice"),
        ("command,,by\nMineLot,,b\n", 1, "B", "no name"),
        ("command,by\nMineLot,a,b\n", 2, "C", "beyond the header"),
        ("command,tickets.1.number\nMineLot,a\n", 2, "tickets.0", "later ones are filled"),
        ("command,tickets,tickets.0.number\nMineLot,a,b\n", 2, "tickets.0.number", "value in another column"),
        ("command,tickets.0.number,tickets\nMineLot,a,b\n", 2, "tickets", "name parts of it"),
        ('command\n"MineLot\n', 1, "", "not CSV"),
    ],
)
def test_a_sheet_that_makes_no_sense_is_told_with_its_place(
    text: str, row: int, column: str, why: str
) -> None:
    (fault,) = read_csv("f.csv", text).faults
    assert (fault.row, fault.column) == (row, column)
    assert why in fault.why


def test_columns_are_named_as_spreadsheets_name_them() -> None:
    assert [letters(index) for index in (0, 25, 26, 51, 52, 701, 702)] == [
        "A",
        "Z",
        "AA",
        "AZ",
        "BA",
        "ZZ",
        "AAA",
    ]


def test_a_spreadsheets_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    sheet = tmp_path / "f.csv"
    sheet.write_bytes(b"\xef\xbb\xbf" + f"{HEADER},{TICKET}\r\n{ROW},{WEIGHED}\r\n".encode())
    checked, faults = read_commands([str(sheet)])
    assert not faults
    assert checked[0].command.key == "LOT-1"


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("missing.csv", None, "cannot be read"),
        ("f.csv", b"\xff\xfe", "not UTF-8"),
        ("f.xlsx", b"", "not read"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: bytes | None, what: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Unusable) as raised:
        read_commands([str(file)])
    assert what in raised.value.what
    assert name in raised.value.what


def test_faults_of_several_files_come_in_the_order_of_files_and_rows(tmp_path: Path) -> None:
    first, second = tmp_path / "z.jsonl", tmp_path / "a.jsonl"
    first.write_text('{"command": "X"}\n[]\n')
    second.write_text("[]\n")
    _, faults = read_commands([str(first), str(second)])
    assert [(Path(fault.file).name, fault.row) for fault in faults] == [
        ("z.jsonl", 1),
        ("z.jsonl", 2),
        ("a.jsonl", 1),
    ]
