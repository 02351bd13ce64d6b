"""Checks rows against the contracts: names, types and formats. Ranges are rules, and for the services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orestream.cli.importing.rows import Fault, Row
from orestream.cli.importing.shapes import annotation_at, bare
from orestream.contracts.message import Command, field_path
from orestream.contracts.registry import MESSAGES
from orestream.contracts.topics import SERVICES

LARGEST_VALUE = 1_000_000
"""Bytes of a value that surely fit into a record, headers included, with Kafka's own limit of 1 MiB."""

COMMANDS: Mapping[str, type[Command]] = {
    name: message for name, message in MESSAGES.items() if issubclass(message, Command)
}


@dataclass(frozen=True, slots=True)
class Checked:
    """A command that may be sent, and where it was written."""

    file: str
    row: int
    service: str
    command: Command
    value: bytes


def check_rows(rows: Iterable[Row]) -> tuple[list[Checked], list[Fault]]:
    """Commands to send and faults, each in the order of the rows."""
    checked: list[Checked] = []
    faults: list[Fault] = []
    for row in rows:
        found = _check(row)
        if isinstance(found, Checked):
            checked.append(found)
        else:
            faults.extend(found)
    return checked, faults


def _check(row: Row) -> Checked | list[Fault]:
    name = row.fields.get("command")
    model = COMMANDS.get(name) if isinstance(name, str) else None
    if model is None:
        return [_unknown_command(row, name)]
    service = _service(row, model)
    faults = [service] if isinstance(service, Fault) else []
    fields = {field: value for field, value in row.fields.items() if field not in ("command", "service")}
    try:
        command = model.model_validate(fields)
    except ValidationError as error:
        return [*faults, *_faults(row, model, error)]
    faults.extend(_unsendable(row, command))
    if isinstance(service, Fault) or faults:
        return faults
    return Checked(row.file, row.number, service, command, command.write())


def _unknown_command(row: Row, name: Any) -> Fault:
    if name is None:
        return Fault(row.file, row.number, _column(row, "command"), "it is missing", "name the command")
    advice = _nearest(str(name), COMMANDS) or f"one of {', '.join(sorted(COMMANDS))}"
    return Fault(
        row.file, row.number, _column(row, "command"), f"{name!r} is not a command", f"did you mean {advice}?"
    )


def _service(row: Row, model: type[Command]) -> str | Fault:
    """The service that the command is for; a fault where that is unclear or wrong."""
    named = row.fields.get("service")
    known = model.SERVICES
    place = (row.file, row.number, _column(row, "service"))
    if named is None and len(known) == 1:
        return known[0]
    if named is None:
        return Fault(
            *place, f"{model.__name__} is known to {_either(known)}", f'say which: "service": "{known[0]}"'
        )
    if named in known:
        return str(named)
    if named in SERVICES:
        return Fault(*place, f"{named} does not know {model.__name__}", f"it is known to {_either(known)}")
    return Fault(*place, f"{named!r} is not a service", f"one of {', '.join(known)}")


def _unsendable(row: Row, command: Command) -> Iterator[Fault]:
    """What the model alone does not say: a key, and a size that Kafka takes."""
    try:
        command.key  # noqa: B018 - reading it is the question
    except ValueError as error:
        yield Fault(
            row.file, row.number, _column(row, command.KEYED_BY[-1]), str(error), "say what it is about"
        )
    size = len(command.write())
    if size > LARGEST_VALUE:
        yield Fault(
            row.file, row.number, "", f"{size:,} bytes are more than a record takes", "make several commands"
        )


def _faults(row: Row, model: type[Command], error: ValidationError) -> Iterator[Fault]:
    problems = error.errors(include_url=False)
    for problem in problems:
        if problem["type"] == "too_short" and any(_inside(other, problem) for other in problems):
            continue  # items that are wrong do not count; what is wrong with them is said already
        path = field_path(problem["loc"])
        yield Fault(row.file, row.number, _column(row, path), *_said(model, problem))


def _inside(inner: ErrorDetails, outer: ErrorDetails) -> bool:
    depth = len(outer["loc"])
    return len(inner["loc"]) > depth and inner["loc"][:depth] == outer["loc"]


def _said(model: type[Command], problem: ErrorDetails) -> tuple[str, str]:
    """What is wrong, and what to do, in the words of whoever filled in the file."""
    got = _brief(problem["input"])
    context = problem.get("ctx", {})
    why = problem["msg"].removeprefix("Value error, ")
    said = {
        "missing": ("it is missing", "fill it in"),
        "extra_forbidden": ("this field is not known", _field_advice(model, problem["loc"])),
        "string_pattern_mismatch": (
            f"{got} has not the form it needs",
            f"it matches {context.get('pattern')}",
        ),
        "timezone_aware": (f"{got} has no zone", "write it like 2025-09-03T08:00:00Z"),
        "literal_error": (f"{got} is not taken", f"one of {context.get('expected')}"),
        "too_short": ("it has no item", "fill in at least one"),
    }
    return said.get(problem["type"], (f"{got} is not taken", why[:1].lower() + why[1:]))


def _field_advice(model: type[Command], path: tuple[int | str, ...]) -> str:
    location = [str(step) for step in path]
    home = annotation_at(model, location[:-1]) if len(location) > 1 else model
    known = getattr(bare(home), "model_fields", {})
    nearest = _nearest(location[-1], known)
    return f"did you mean {nearest}?" if nearest else f"delete it; known are {', '.join(known)}"


def _nearest(name: str, known: Iterable[str]) -> str | None:
    found = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def _column(row: Row, path: str) -> str:
    letter = row.letters.get(path)
    return f"{path} (column {letter})" if letter else path


def _either(services: tuple[str, ...]) -> str:
    return " and ".join((", ".join(services[:-1]), services[-1])) if len(services) > 1 else services[0]


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"  # noqa: PLR2004 - about one line of a terminal
