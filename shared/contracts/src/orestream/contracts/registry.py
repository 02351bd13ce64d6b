"""Every message by its CloudEvents type, and records decoded whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType, ModuleType

from orestream.contracts import export, lots, mining, outcome, processing, shipments
from orestream.contracts.message import Command, Fact, Message
from orestream.contracts.wire import Envelope, UnknownType, read_envelope, read_value


def _messages(*modules: ModuleType) -> Iterable[type[Message]]:
    for module in modules:
        for thing in vars(module).values():
            own = isinstance(thing, type) and thing.__module__ == module.__name__
            if own and issubclass(thing, Message) and not thing.__name__.startswith("_"):
                yield thing


MESSAGES: Mapping[str, type[Message]] = MappingProxyType(
    {message.__name__: message for message in _messages(mining, lots, processing, export, shipments, outcome)}
)
"""Class name → class, of every command and fact."""


def _types() -> Iterable[tuple[str, type[Message]]]:
    for message in MESSAGES.values():
        if issubclass(message, Command):
            for service in message.SERVICES:
                yield message.type_for(service), message
        elif issubclass(message, Fact):
            yield message.TYPE, message


MODELS: Mapping[str, type[Message]] = MappingProxyType(dict(_types()))
"""`ce_type` → class; a command that several services know has one type for each."""


def decode(
    key: bytes | None, headers: Iterable[tuple[str, bytes | None]], value: bytes | None
) -> tuple[Envelope, Message]:
    """Envelope and message of one record.

    Raises:
        UnknownType: well-formed, but of a type this version does not know.
        Malformed: naming the header or field, and what is wrong with it.
    """
    envelope = read_envelope(key, headers)
    model = MODELS.get(envelope.type)
    if model is None:
        raise UnknownType(envelope.type)
    return envelope, read_value(model, value, envelope)
