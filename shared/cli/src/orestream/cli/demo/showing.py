"""How the demo is watched: a live display on a terminal, one line an event elsewhere."""

from __future__ import annotations

from collections import deque
from types import TracebackType
from typing import Protocol, Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from orestream.cli.demo.board import Board
from orestream.cli.demo.tables import balance_table
from orestream.cli.describing import fact_line, outcome_line
from orestream.cli.ledger import Entry
from orestream.cli.terminal import STATUS_STYLE, answers, say
from orestream.contracts.message import Message
from orestream.contracts.outcome import CommandAnswered
from orestream.contracts.shipments import GatesChecked

_LINES = 10


class Screen(Protocol):
    """Where the show is seen."""

    def title(self, text: str) -> None:
        """The next part of the story begins."""

    def note(self, text: str) -> None:
        """A line about the surroundings."""

    def show(self, entry: Entry[Message], board: Board) -> None:
        """One fact or outcome; the board has it already."""

    def progress(self, board: Board) -> None:
        """More commands have their answer."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""


def screen() -> Screen:
    """The screen that fits this process's output."""
    return LiveScreen() if answers().is_terminal else PlainScreen()


def event_line(entry: Entry[Message]) -> Text | None:
    """The line of an event; None for an acceptance, which its facts tell."""
    message = entry.message
    if isinstance(message, CommandAnswered):
        quiet = message.status == "accepted" and message.rule is None and not message.repeat
        return None if quiet else outcome_line(message)
    line = fact_line(entry.envelope, message)
    if isinstance(message, GatesChecked):
        for gate in message.gates:
            if gate.verdict != "pass":
                line.append(f"  {gate.rule} {gate.verdict}: {gate.why}", style=STATUS_STYLE[gate.verdict])
    return line


class PlainScreen:
    """Lines."""

    def title(self, text: str) -> None:
        """See `Screen`."""
        say(answers(), ("\n" + text, "bold"))

    def note(self, text: str) -> None:
        """See `Screen`."""
        say(answers(), text)

    def show(self, entry: Entry[Message], board: Board) -> None:  # noqa: ARG002 - the protocol's
        """See `Screen`."""
        line = event_line(entry)
        if line is not None:
            say(answers(), line)

    def progress(self, board: Board) -> None:
        """Nothing: the events speak for themselves."""

    def __enter__(self) -> Self:
        """Nothing to begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing to leave."""


class LiveScreen:
    """A display that is drawn again and again."""

    def __init__(self) -> None:
        self._lines: deque[Text] = deque(maxlen=_LINES)
        self._live = Live(console=answers(), refresh_per_second=10, transient=True)

    def title(self, text: str) -> None:
        """See `Screen`."""
        self._live.console.print(text, style="bold")

    def note(self, text: str) -> None:
        """See `Screen`."""
        self._live.console.print(text, style="dim")

    def show(self, entry: Entry[Message], board: Board) -> None:
        """See `Screen`."""
        line = event_line(entry)
        if line is not None:
            line.truncate(self._live.console.width - 1, overflow="ellipsis")
            self._lines.append(line)
        self.progress(board)

    def progress(self, board: Board) -> None:
        """See `Screen`."""
        self._live.update(Group(*_drawn(board), *self._lines))

    def __enter__(self) -> Self:
        """Take the terminal."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give it back."""
        self._live.stop()


def _drawn(board: Board) -> list[RenderableType]:
    head = Table.grid(padding=(0, 2))
    head.add_row(
        Text(f"{board.answered} of {board.wanted} commands answered", style="bold"),
        ProgressBar(total=board.wanted, completed=board.answered, width=40),
    )
    counts = Text(
        f"{board.sources} sources  {board.mined} lots mined  {len(board.batches)} batches  "
        f"{board.received} receipts  {board.containers} containers  {board.sailed} sailed"
    )
    drawn: list[RenderableType] = [head, counts]
    if board.batches:
        drawn.append(balance_table(board.batches.values(), board.quarantined))
    if board.gates is not None:
        drawn.append(_gates(board.gates))
    return drawn


def _gates(checked: GatesChecked) -> Text:
    line = Text(f"gates at {checked.step} of {checked.shipment_id}: ")
    for gate in checked.gates:
        line.append(f" {gate.rule} {gate.verdict} ", style=STATUS_STYLE[gate.verdict])
    return line
