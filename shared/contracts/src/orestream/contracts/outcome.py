"""The one answer to every command."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from orestream.contracts.decimals import Id
from orestream.contracts.message import Fact, Part

FACTS_LISTED = 100


class CausedFact(Part):
    """A fact that the command caused."""

    type: str
    subject: str
    id: str


class InputPlace(Part):
    """Where the command stands."""

    topic: str
    partition: int
    offset: int


class CommandAnswered(Fact):
    """Accepted: it happened. Refused: it did not. Waiting: not decided yet, for want of what it names."""

    TYPE: ClassVar = "orestream.command.answered.v1"
    KEYED_BY: ClassVar = ("command_id",)

    command_id: Id
    command: str = Field(description="`MineLot`; the CloudEvents type where it is unknown")
    service: str
    status: Literal["accepted", "refused", "waiting"]
    rule: str | None = None
    message: str | None = None
    details: dict[str, Any] | None = None
    waits_for: tuple[str, ...] | None = Field(None, description="`lot LOT-SB-0001`, while it waits")
    facts: Annotated[tuple[CausedFact, ...], Field(max_length=FACTS_LISTED)] = ()
    facts_total: int = Field(0, description="of this decision, visible together with this answer")
    more_facts: bool | None = Field(
        None, description="facts beyond one decision's limit follow in chunks, each naming this command"
    )
    input: InputPlace
    digest: str = Field(description="of the command's content")
    rules_version: str
    repeat: bool | None = Field(None, description="the same command again: its outcome again, no effect")
    conflict: bool | None = Field(None, description="its id was used before with other content")
