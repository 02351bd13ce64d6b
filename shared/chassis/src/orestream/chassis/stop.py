"""Whether a service has to stop, and why."""

from __future__ import annotations

import asyncio


class Stop:
    """Asked for by a signal, or caused by the first failure that nothing here can mend."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.failure: BaseException | None = None
        self.unfinished = False
        """True where the grace period was over first."""

    def ask(self) -> None:
        """Stop in good order."""
        self.asked.set()

    def fail(self, error: BaseException) -> None:
        """Stop in good order; the first failure is the reason."""
        self.failure = self.failure or error
        self.asked.set()

    def watch(self, task: asyncio.Task[None]) -> None:
        """A task that ends with an error stops the service with it; so does one that something cancelled."""
        if task.cancelled():
            if not self.asked.is_set():
                self.fail(RuntimeError(f"{task.get_name()} was cancelled, and nobody had asked for a stop"))
        elif (error := task.exception()) is not None:
            self.fail(error)
