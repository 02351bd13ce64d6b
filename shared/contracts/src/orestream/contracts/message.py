"""What every command and fact has in common, and the registry that finds a message by its type."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from orestream.contracts.decimals import Id, Name, Time


class Part(BaseModel):
    """A frozen piece of a message: written strictly, read leniently (see `Message.read`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Message(Part):
    """Something that stands on a topic.

    Writers may not add fields; readers ignore the ones they do not know.
    """

    KEYED_BY: ClassVar[tuple[str, ...]]
    """Fields that may hold the key, the first one present wins."""

    @property
    def key(self) -> str:
        """The id of the thing this message is about."""
        for name in self.KEYED_BY:
            value = getattr(self, name)
            if value is not None:
                return str(value)
        raise ValueError(f"one of {', '.join(self.KEYED_BY)} is needed")

    @classmethod
    def read(cls, value: bytes | str) -> Self:
        """The message in `value`, unknown fields ignored. Raises pydantic's ValidationError."""
        return cls.model_validate_json(value, extra="ignore")

    def write(self) -> bytes:
        """Compact UTF-8 JSON, absent fields left out."""
        return self.model_dump_json(exclude_none=True).encode()


class Command(Message):
    """What a person or an instrument asks of a service."""

    SERVICES: ClassVar[tuple[str, ...]]
    """The services that know this command."""

    command_id: Id = Field(description="the sender's own id of this command; counts once")
    occurred_at: Time = Field(description="when it happened in the world")
    by: Name = Field(description="who or what recorded it")

    @classmethod
    def type_for(cls, service: str) -> str:
        """The CloudEvents type of this command when sent to `service`."""
        return f"orestream.{service}.{kebab(cls.__name__)}.v1"


class Fact(Message):
    """What has happened; keyed by the thing it is about."""

    TYPE: ClassVar[str]

    @property
    def happened_at(self) -> datetime | None:
        """Its own time, where it differs from its cause's."""
        # from the fields themselves: a model is slow to say that it lacks one
        time: datetime | None = self.__dict__.get("occurred_at")
        return time


def kebab(name: str) -> str:
    """`MineLot` → `mine-lot`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def field_path(location: tuple[Any, ...]) -> str:
    """A pydantic error's place as a person writes it: `tickets.0.gross_kg`."""
    return ".".join(str(step) for step in location)
