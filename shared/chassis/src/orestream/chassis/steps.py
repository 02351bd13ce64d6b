"""The steps of a message's way by name, so that a test can stop a process exactly there.

Nothing in a service sets the watcher: each step then costs one call. No setting or variable reaches it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum


class Step(StrEnum):
    """Where a process may be when it dies."""

    FETCHED = "fetched"
    """A polled batch is in hand; whether it still counts is not yet looked at."""
    BEFORE_COMMIT = "before-commit"
    """Everything is written, the database's transaction is still open."""
    COMMITTED = "committed"
    """The database has committed, nobody has been told."""
    BEFORE_BEGIN = "before-begin"
    """The relay has rows in hand and no Kafka transaction yet."""
    BEGUN = "begun"
    """The Kafka transaction is begun, nothing is sent in it."""
    PRODUCED = "produced"
    """The rows are sent, the cursor record is not."""
    BEFORE_END = "before-end"
    """Rows and cursor are acknowledged, the end of the Kafka transaction is not sent."""
    ENDED = "ended"
    """The Kafka transaction has ended, the relay has not noted it."""
    BEFORE_PRUNE = "before-prune"
    """Rows behind the cursor are about to be deleted."""


Watcher = Callable[[Step], Awaitable[None]]

_watcher: Watcher | None = None


def watch(watcher: Watcher | None) -> None:
    """Call this at every step of this process from now on; None ends it."""
    global _watcher  # noqa: PLW0603 - one per process, set before a service starts
    _watcher = watcher


async def reached(step: Step) -> None:
    """Say where the process is; whoever watches may keep it there, or end it."""
    if _watcher is not None:
        await _watcher(step)
