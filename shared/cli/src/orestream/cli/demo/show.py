"""The show itself: stage after stage is sent, and everything that becomes visible is shown and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from orestream.chassis.records import Fetched
from orestream.chassis.settings import Settings
from orestream.cli.demo.board import Board
from orestream.cli.demo.scenario import Scenario, Stage
from orestream.cli.demo.showing import Screen
from orestream.cli.ledger import Entry, decode_one
from orestream.cli.outcomes import Answers
from orestream.cli.reading import Offsets, TopicReader
from orestream.cli.sending import send_all
from orestream.contracts.outcome import CommandAnswered

STAGE_PATIENCE = 60.0
"""Seconds for a stage to be answered, a service's restart or two included; then the next begins."""
LAST_PATIENCE = 120.0
QUIET = 1.0
"""Seconds without a record after the last answer, for facts that follow from facts."""


class Show:
    """One performance.

    Attributes:
        records: every record that became visible, of others on a shared cluster too.
        answers: to every command that was sent.
    """

    def __init__(self, settings: Settings, wanted: Scenario, starts: Offsets) -> None:
        self.records: list[Fetched] = []
        self.answers = Answers()
        self._settings = settings
        self._wanted = wanted
        self._starts = starts
        self._board = Board(len(wanted.commands))
        self._outcomes: list[CommandAnswered] = []
        self._changed = asyncio.Event()

    async def run(self, reader: TopicReader, shown: Screen) -> None:
        """From the first stage to the last answer, or to the end of the patience."""
        following = asyncio.create_task(self._follow(reader, shown))
        try:
            for stage in self._wanted.stages:
                shown.title(stage.title)
                await self._send(stage)
                await self._until_answered(stage, STAGE_PATIENCE, waiting_will_do=True)
            await self._until_answered(None, LAST_PATIENCE)
            await self._until_quiet()
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def _send(self, stage: Stage) -> None:
        places = await send_all(self._settings, stage.commands)
        self.answers.expect(stage.commands, places)
        for outcome in self._outcomes:  # an answer may have been faster than the acknowledgement
            self.answers.take(outcome)

    async def _until_answered(
        self, stage: Stage | None, patience: float, *, waiting_will_do: bool = False
    ) -> None:
        wanted = [
            index
            for index, checked in enumerate(self.answers.commands)
            if stage is None or checked in stage.commands
        ]
        deadline = asyncio.get_running_loop().time() + patience
        while not self._answered(wanted, waiting_will_do=waiting_will_do):
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or not await self._change(left):
                return

    def _answered(self, wanted: Sequence[int], *, waiting_will_do: bool) -> bool:
        answers = self.answers
        return all(
            index in answers.final
            or (
                waiting_will_do
                and index in answers.waiting
                and answers.commands[index].command.command_id in self._wanted.waited
            )
            for index in wanted
        )

    async def _until_quiet(self) -> None:
        while await self._change(QUIET):
            pass

    async def _change(self, within: float) -> bool:
        """Whether something became visible in that time (seconds)."""
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), within)
        except TimeoutError:
            return False
        return True

    async def _follow(self, reader: TopicReader, shown: Screen) -> None:
        async for records in reader.follow(self._starts):
            for record in sorted(records, key=_when):
                self.records.append(record)
                self._show(record, shown)
            if records:
                self._changed.set()

    def _show(self, record: Fetched, shown: Screen) -> None:
        entry = decode_one(record)
        if not isinstance(entry, Entry):
            shown.note(f"{record.at}: {entry.why}")
            return
        if isinstance(entry.message, CommandAnswered):
            self._outcomes.append(entry.message)
            self.answers.take(entry.message)
            self._board.answered = len(self.answers.final)
            if entry.message.status == "waiting" and entry.message.command_id not in self._wanted.waited:
                return  # within a stage keys overtake each other; only the story's own wait is told
        self._board.take(entry)
        shown.show(entry, self._board)


def _when(record: Fetched) -> tuple[int, str, int, int]:
    """Oldest first; a partition's own order is kept."""
    return record.timestamp_ms, record.topic, record.partition, record.offset
