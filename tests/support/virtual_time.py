"""An event loop whose clock stands still while anything runs, and jumps to the next timer when not."""

from __future__ import annotations

import asyncio


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Hours pass in moments, and every run with the same inputs goes the same way."""

    _ready: object
    _scheduled: list[asyncio.TimerHandle]

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0

    def time(self) -> float:
        """Seconds since the loop began."""
        return self._now

    def _run_once(self) -> None:
        if not self._ready:
            if not self._scheduled:
                raise RuntimeError("everything waits for ever")
            self._now = max(self._now, self._scheduled[0].when())
        super()._run_once()  # type: ignore[misc] # the base class's own, which has no public name
