"""The kind of value that stands at a dotted place of a command."""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel


def bare(annotation: Any) -> Any:
    """The annotation without its metadata and without `| None`."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            (annotation,) = (choice for choice in get_args(annotation) if choice is not types.NoneType)
        else:
            return annotation


def typed(annotation: Any, text: str) -> Any:
    """A cell's text as the kind of value that belongs there; as it is where it does not fit."""
    kind = bare(annotation)
    if kind is bool and text.lower() in ("true", "false"):
        return text.lower() == "true"
    wants_integer = kind is int or (
        get_origin(kind) is Literal and all(isinstance(choice, int) for choice in get_args(kind))
    )
    return int(text) if wants_integer and text.isascii() and text.isdigit() else text


def annotation_at(model: type[BaseModel], path: list[str]) -> Any | None:
    """The annotation at a dotted path, or None where the model has no such place."""
    annotation: Any = model
    for step in path:
        kind = bare(annotation)
        if get_origin(kind) is tuple and step.isdigit():
            annotation = get_args(kind)[0]
        elif isinstance(kind, type) and issubclass(kind, BaseModel) and step in kind.model_fields:
            annotation = kind.model_fields[step].annotation
        else:
            return None
    return bare(annotation)
