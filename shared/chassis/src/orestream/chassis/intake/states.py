"""States of aggregates as JSON and back; each is stored with the name and format of its class."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from orestream.chassis.errors import StateOutOfRange
from orestream.chassis.store.aggregates import Stored

FIRST_FORMAT = 1


class Unwritable(ValueError):
    """A state that JSON cannot hold: a fault of the domain that made it."""


class _Form(NamedTuple):
    """What is the same for all states of one class."""

    format: int
    opening: str
    """What the text begins with."""
    dump: Callable[[Any], bytes]
    load: Callable[[str], Any]


class StateCodec:
    """Writes and reads the states of every kind.

    A kind's type is a class or a union of classes; a class may carry `FORMAT`, an integer that rises
    when an older version of the service could not read its states any more.
    """

    def __init__(self, states: Mapping[str, Any]) -> None:
        self._classes = {
            (kind, class_.__name__): class_ for kind, type_ in states.items() for class_ in _members(type_)
        }
        self._forms: dict[type, _Form] = {}

    def write(self, state: Any) -> tuple[int, str]:
        """Format and text of a state.

        Catches everything that writing it raises.

        Raises:
            Unwritable: it holds what JSON cannot.
        """
        class_ = type(state)
        form = self._forms.get(class_) or self._form(class_)
        try:
            return form.format, f"{form.opening}{form.dump(state).decode()}}}"
        except Exception as error:
            raise Unwritable(f"a {class_.__name__} cannot be stored: {error}") from error

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
        form = None if class_ is None else self._forms.get(class_) or self._form(class_)
        if form is None or stored.format > form.format:
            raise StateOutOfRange(
                f"a state of kind {kind} is a {text[2:end]} of format {stored.format}, "
                "which this version does not know: run the newer version again"
            )
        return form.load(text[end + 2 : -1])

    def _form(self, class_: type) -> _Form:
        adapter: TypeAdapter[Any] = TypeAdapter(class_)
        format_ = int(getattr(class_, "FORMAT", FIRST_FORMAT))
        form = _Form(format_, f'{{"{class_.__name__}":', adapter.dump_json, adapter.validate_json)
        self._forms[class_] = form
        return form


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
