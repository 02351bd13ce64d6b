"""Opens the files that were named and reads each by its kind; `-` is stdin."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from orestream.cli.failing import Unusable
from orestream.cli.importing.checking import Checked, check_rows
from orestream.cli.importing.csv_rows import read_csv
from orestream.cli.importing.jsonl import read_jsonl
from orestream.cli.importing.rows import Fault, Reading, Row

_JSON_ENDINGS = (".jsonl", ".ndjson", ".json")


def read_commands(files: Sequence[str]) -> tuple[list[Checked], list[Fault]]:
    """Every command of every file, checked, and every fault; each in the order of files and rows.

    Raises:
        Unusable: a file cannot be opened, is not text, or is of no kind that is read here.
    """
    rows, faults = read_rows(files)
    checked, more = check_rows(rows)
    order = {file: place for place, file in enumerate(files)}
    return checked, sorted([*faults, *more], key=lambda fault: (order[fault.file], fault.row))


def read_rows(files: Sequence[str]) -> tuple[list[Row], list[Fault]]:
    """Every row of every file, not yet checked, and the faults of what is no row. Raises Unusable."""
    rows: list[Row] = []
    faults: list[Fault] = []
    for file in files:
        reading = _read(file)
        rows.extend(reading.rows)
        faults.extend(reading.faults)
    return rows, faults


def _read(file: str) -> Reading:
    text = _text(file)
    if file == "-":
        return read_jsonl(file, text) if text.lstrip().startswith(("{", "[")) else read_csv(file, text)
    ending = Path(file).suffix.lower()
    if ending in _JSON_ENDINGS:
        return read_jsonl(file, text)
    if ending in (".csv", ".tsv"):
        return read_csv(file, text)
    raise Unusable(
        f"{file}: files named …{ending or ' without ending'} are not read", "name it .jsonl or .csv"
    )


def _text(file: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise Unusable(f"{file} cannot be read: {error.strerror}", "check the name") from error
    except UnicodeDecodeError as error:
        raise Unusable(f"{file}: byte {error.start} is not UTF-8", "save the file as UTF-8") from error
