"""A CSV to begin with: the header of one command, and a row that shows how it is filled in."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from difflib import get_close_matches
from importlib.resources import files
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from orestream.cli.failing import Unusable
from orestream.cli.importing.checking import COMMANDS
from orestream.cli.importing.shapes import bare
from orestream.contracts.message import Command


def template(name: str) -> str:
    """Header and example row of the command called `name`, as CSV.

    Raises:
        Unusable: there is no such command.
    """
    model = COMMANDS.get(name)
    if model is None:
        nearest = get_close_matches(name, COMMANDS, n=1)
        advice = f"did you mean {nearest[0]}?" if nearest else f"one of {', '.join(sorted(COMMANDS))}"
        raise Unusable(f"there is no command {name}", advice)
    cells = {"command": name, **_service(model), **dict(_cells(model, _example(name)))}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(cells)
    writer.writerow(cells.values())
    return out.getvalue()


def _service(model: type[Command]) -> dict[str, str]:
    return {"service": model.SERVICES[0]} if len(model.SERVICES) > 1 else {}


def _example(name: str) -> Any:
    """The example that the contracts print with the message."""
    text = (files("orestream.contracts") / "examples.json").read_text(encoding="utf-8")
    return json.loads(text)[name]


def _cells(annotation: Any, example: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every leaf by its dotted name with the example's value; of a list, as many items as the example has."""
    kind = bare(annotation)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for field, info in kind.model_fields.items():
            yield from _cells(
                info.annotation, (example or {}).get(field), f"{name}.{field}" if name else field
            )
    elif get_origin(kind) is tuple:
        for index, item in enumerate(example or [None]):
            yield from _cells(get_args(kind)[0], item, f"{name}.{index}")
    else:
        yield name, _written(example)


def _written(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
