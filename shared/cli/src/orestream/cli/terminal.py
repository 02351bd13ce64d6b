"""What is printed: answers to stdout, notes about the work to stderr; colours on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

STATUS_STYLE = {
    "accepted": "green",
    "refused": "red",
    "waiting": "yellow",
    "unanswered": "yellow",
    "pass": "green",
    "hold": "yellow",
    "block": "red",
}


WIDE = 150
"""Columns of tables that go to a file or a pipe."""


def answers(width: int = WIDE) -> Console:
    """Stdout as it is now; where it is no terminal, it has this width."""
    return Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else width)


def notes() -> Console:
    """Stderr as it is now."""
    return Console(file=sys.stderr, highlight=False)


def progress_bar() -> Progress:
    """A bar on a terminal, nothing elsewhere."""
    console = notes()
    return Progress(
        TextColumn("{task.description:<9}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def say(console: Console, *pieces: str | tuple[str, str] | Text) -> None:
    """One line, never wrapped, nothing in it taken for markup; a pair is a text and its style."""
    console.print(Text.assemble(*pieces), soft_wrap=True)


def counted(number: int, noun: str) -> str:
    """`1 command`, `2 commands`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def say_raw(line: str) -> None:
    """One line of machine-readable output."""
    say_pieces((line,))


def say_pieces(pieces: Iterable[str]) -> None:
    """One line of machine-readable output that may be too long to hold."""
    sys.stdout.writelines(pieces)
    sys.stdout.write("\n")
    sys.stdout.flush()
