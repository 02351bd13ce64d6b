"""JSON Schema (draft 2020-12) of every message, with units and an example."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from orestream.contracts.message import Command, Message
from orestream.contracts.registry import MESSAGES, MODELS
from orestream.contracts.wire import dataschema_of

_UNITS = {"_kg": "kg", "_pct": "%"}

Json = dict[str, Any]


def examples() -> dict[str, Json]:
    """One synthetic example of each message, by class name."""
    text = (files("orestream.contracts") / "examples.json").read_text(encoding="utf-8")
    loaded: dict[str, Json] = json.loads(text)
    return {name: loaded[name] for name in MESSAGES}


def schema_of(model: type[Message], ref_template: str = "#/$defs/{model}") -> Json:
    """The schema of one message as its readers need it.

    Facts stay open for fields that later versions add; commands are closed, so that a misspelt field
    is noticed where it is written.
    """
    schema = model.model_json_schema(ref_template=ref_template)
    _polish(schema, closed=issubclass(model, Command))
    return schema


def schema_files() -> dict[str, Json]:
    """`orestream.lot.mined.v1` → its schema, whole and self-contained."""
    shown = examples()
    return {
        type_: {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": dataschema_of(type_),
            **schema_of(model),
            "examples": [shown[model.__name__]],
        }
        for type_, model in sorted(MODELS.items())
    }


def _polish(node: Any, *, closed: bool) -> None:
    """Drops pydantic's titles, opens what readers must read leniently, and states units."""
    if isinstance(node, list):
        for item in node:
            _polish(item, closed=closed)
        return
    if not isinstance(node, dict):
        return
    if isinstance(node.get("title"), str):
        del node["title"]
    if not closed and node.get("additionalProperties") is False:
        del node["additionalProperties"]
    for name, part in node.get("properties", {}).items():
        unit = next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), None)
        if unit is not None:
            part["x-unit"] = unit
    for value in node.values():
        _polish(value, closed=closed)
