"""Waits for the answers to commands that were sent, and tells which answer belongs to which."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from aiokafka import TopicPartition

from orestream.chassis.records import Fetched
from orestream.cli.importing.checking import Checked
from orestream.cli.reading import TopicReader
from orestream.cli.sending import Place
from orestream.contracts.outcome import CommandAnswered
from orestream.contracts.registry import decode
from orestream.contracts.wire import Malformed


@dataclass(slots=True)
class Answers:
    """The final outcome of each command that was sent, as far as they have come.

    An outcome names where its command stands. What was sent twice with the same content has one final
    answer, whichever of the two it names; what was sent under a used id with other content a conflict.
    """

    commands: list[Checked] = field(default_factory=list)
    final: dict[int, CommandAnswered] = field(default_factory=dict)
    """Index of the command → its final outcome."""
    waiting: dict[int, CommandAnswered] = field(default_factory=dict)
    """Index of the command → the last it was told while it waits."""
    _by_id: dict[str, list[int]] = field(init=False, default_factory=dict)
    _by_place: dict[Place, int] = field(init=False, default_factory=dict)

    def expect(self, commands: Sequence[Checked], places: Sequence[Place]) -> None:
        """Commands have been sent, and stand at these places."""
        for checked, place in zip(commands, places, strict=True):
            index = len(self.commands)
            self.commands.append(checked)
            self._by_place[place] = index
            self._by_id.setdefault(checked.command.command_id, []).append(index)

    @property
    def complete(self) -> bool:
        """Whether every command has its final answer."""
        return len(self.final) == len(self.commands)

    def take(self, outcome: CommandAnswered) -> None:
        """Keep an outcome with every command that it answers."""
        kept = self.waiting if outcome.status == "waiting" else self.final
        for index in self._answered_by(outcome):
            if index not in self.final:
                kept[index] = outcome

    def _answered_by(self, outcome: CommandAnswered) -> list[int]:
        same_id = self._by_id.get(outcome.command_id, [])
        if not same_id:
            return []
        place = Place(outcome.input.topic, outcome.input.partition, outcome.input.offset)
        exact = self._by_place.get(place)
        found = [] if exact is None else [exact]
        if not outcome.conflict:
            found += [index for index in same_id if digest_of(self.commands[index]) == outcome.digest]
        return found


def digest_of(checked: Checked) -> str:
    """The digest that a service states of this command's content."""
    content = type(checked.command).__name__.encode() + b"\n" + checked.value
    return f"sha256:{sha256(content).hexdigest()}"


async def await_answers(
    reader: TopicReader,
    starts: Mapping[TopicPartition, int],
    answers: Answers,
    patience: float,
    progress: Callable[[Answers], None] = lambda _: None,
) -> None:
    """Read outcomes until every command has its final one, or the patience (seconds) is at its end.

    Raises:
        Unusable: Kafka cannot be read.
    """
    deadline = asyncio.get_running_loop().time() + patience
    async for records in reader.follow(starts):
        for record in records:
            outcome = _outcome(record)
            if outcome is not None:
                answers.take(outcome)
        progress(answers)
        if answers.complete or asyncio.get_running_loop().time() > deadline:
            return


def _outcome(record: Fetched) -> CommandAnswered | None:
    """The outcome in a record; None for a malformed one or a newer type, which `verify` reports."""
    try:
        message = decode(record.key, record.headers, record.value)[1]
    except Malformed:
        return None
    return message if isinstance(message, CommandAnswered) else None
