"""The command line of every peer written in Python, and the work all of them do on one record."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from tests.bench.events import LotWeighed, Tally, tallied, told

TALLY = TypeAdapter(Tally)


@dataclass(frozen=True, slots=True)
class Arguments:
    """Where the peer finds what it needs; `database` is empty for one that keeps its state elsewhere."""

    bootstrap: str
    input: str
    output: str
    database: str
    directory: Path


def arguments() -> Arguments:
    """The parsed command line."""
    parser = argparse.ArgumentParser()
    for name in ("bootstrap", "input", "output"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--database", default="")
    parser.add_argument("--directory", type=Path, required=True)
    found = parser.parse_args()
    return Arguments(found.bootstrap, found.input, found.output, found.database, found.directory)


def with_state(state: bytes | None, value: bytes) -> tuple[bytes, bytes]:
    """Validate one event; return the lot's new state as JSON and the event that is told."""
    event = LotWeighed.model_validate_json(value)
    tally = tallied(None if state is None else TALLY.validate_json(state), event)
    return TALLY.dump_json(tally), told(tally, event).model_dump_json().encode()
