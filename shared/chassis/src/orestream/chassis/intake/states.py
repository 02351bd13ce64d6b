"""States of aggregates as JSON and back; each is stored with the name and format of its class."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from orestream.chassis.errors import StateOutOfRange
from orestream.chassis.store.aggregates import Stored

FIRST_FORMAT = 1


class Unwritable(ValueError):
    """A state that JSON cannot hold: a fault of the domain that made it."""


class StateCodec:
    """Writes and reads the states of every kind.

    A kind's type is a class or a union of classes; a class may carry `FORMAT`, an integer that rises
    when an older version of the service could not read its states any more.
    """

    def __init__(self, states: Mapping[str, Any]) -> None:
        self._classes = {
            (kind, class_.__name__): class_ for kind, type_ in states.items() for class_ in _members(type_)
        }
        self._adapters: dict[type, TypeAdapter[Any]] = {}

    def write(self, state: Any) -> tuple[int, str]:
        """Format and text of a state.

        Catches everything that writing it raises.

        Raises:
            Unwritable: it holds what JSON cannot.
        """
        class_ = type(state)
        try:
            body = self._adapter(class_).dump_json(state).decode()
        except Exception as error:
            raise Unwritable(f"a {class_.__name__} cannot be stored: {error}") from error
        return _format(class_), f'{{"{class_.__name__}":{body}}}'

    def read(self, kind: str, stored: Stored) -> Any | None:
        """The state in a row; None for a placeholder.

        Raises:
            StateOutOfRange: it was written by a newer version.
        """
        text = stored.text
        if text is None:
            return None
        end = text.index('"', 2)
        class_ = self._classes.get((kind, text[2:end]))
        if class_ is None or stored.format > _format(class_):
            raise StateOutOfRange(
                f"a state of kind {kind} is a {text[2:end]} of format {stored.format}, "
                "which this version does not know: run the newer version again"
            )
        return self._adapter(class_).validate_json(text[end + 2 : -1])

    def _adapter(self, class_: type) -> TypeAdapter[Any]:
        adapter = self._adapters.get(class_)
        if adapter is None:
            adapter = self._adapters[class_] = TypeAdapter(class_)
        return adapter


def _members(type_: Any) -> Iterator[type]:
    """The classes of a union, however it is written."""
    type_ = getattr(type_, "__value__", type_)
    origin = typing.get_origin(type_)
    if origin is typing.Annotated:
        yield from _members(typing.get_args(type_)[0])
    elif origin in (typing.Union, types.UnionType):
        for member in typing.get_args(type_):
            yield from _members(member)
    else:
        yield type_


def _format(class_: type) -> int:
    return int(getattr(class_, "FORMAT", FIRST_FORMAT))
