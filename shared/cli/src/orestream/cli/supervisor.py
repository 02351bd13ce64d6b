"""Keeps servers running: started in order, started again when they die, stopped in reverse order.

While a server runs, `DIR/run/NAME.pid` holds its process id.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from orestream.cli.embedded.errors import EmbeddedError

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0
STEADY = 30.0
"""Seconds of running after which an earlier death no longer counts."""
_POLL = 0.1

Notice = Callable[[str], None]


class Server(Protocol):
    """Something with a process id that can be started again and again."""

    @property
    def pid(self) -> int:
        """Its process id; known once started."""

    @property
    def running(self) -> bool:
        """Whether its process is alive."""

    @property
    def log(self) -> Path:
        """Where it writes what it has to say."""

    async def start(self) -> None:
        """Start and return when it is of use. Raises EmbeddedError."""

    async def stop(self, grace_s: float = ...) -> None:
        """End it in order; kill it after the grace period."""


@dataclass(slots=True)
class _Watched:
    server: Server
    pause: float
    started_at: float = field(default_factory=time.monotonic)
    restarting: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Supervisor:
    """Servers by name.

    Args:
        run_dir: where the files with process ids are kept.
        notice: told in one line of every death and every new start.
        first_pause: seconds before the first restart; each further one waits twice as long.
    """

    run_dir: Path
    notice: Notice
    first_pause: float = FIRST_PAUSE
    _watched: dict[str, _Watched] = field(default_factory=dict)

    async def start(self, *servers: tuple[str, Server]) -> None:
        """Start servers side by side and watch them from now on. Raises EmbeddedError."""
        self.run_dir.mkdir(parents=True, exist_ok=True)
        for name, server in servers:
            self._watched[name] = _Watched(server, self.first_pause)
        started = await asyncio.gather(*(self._start(name) for name, _ in servers), return_exceptions=True)
        for failure in started:
            if failure is not None:
                raise failure

    async def watch(self) -> None:
        """Start again whatever dies, with growing pauses; never returns."""
        while True:
            for name, watched in self._watched.items():
                dead = not watched.server.running
                if dead and (watched.restarting is None or watched.restarting.done()):
                    watched.restarting = asyncio.create_task(self._restart(name))
            await asyncio.sleep(_POLL)

    async def stop(self) -> None:
        """Stop everything, the last started first, and forget it."""
        while self._watched:
            name, watched = self._watched.popitem()
            if watched.restarting is not None:
                watched.restarting.cancel()
            await watched.server.stop()
            self._pid_file(name).unlink(missing_ok=True)

    async def _start(self, name: str) -> None:
        watched = self._watched[name]
        watched.started_at = time.monotonic()
        starting = asyncio.create_task(watched.server.start())
        try:
            while not starting.done():
                # its process id is known a little before it is of use
                self._write_pid(name)
                await asyncio.wait([starting], timeout=_POLL)
        except asyncio.CancelledError:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            raise
        await starting
        self._write_pid(name)

    async def _restart(self, name: str) -> None:
        """One more start after a pause; a failure is noticed, and tried again later."""
        watched = self._watched[name]
        if time.monotonic() - watched.started_at > STEADY:
            watched.pause = self.first_pause
        self.notice(
            f"{name} died; it is started again in {watched.pause:g} s (its log: {watched.server.log})"
        )
        await asyncio.sleep(watched.pause)
        watched.pause = min(watched.pause * 2, LONGEST_PAUSE)
        try:
            await self._start(name)
        except EmbeddedError as error:
            self.notice(f"{name} did not start: {error}")
        else:
            self.notice(f"{name} runs again")

    def _write_pid(self, name: str) -> None:
        server = self._watched[name].server
        if not server.running:
            return
        file = self._pid_file(name)
        text = str(server.pid)
        if not file.exists() or file.read_text() != text:
            fresh = file.with_suffix(".new")
            fresh.write_text(text)
            fresh.replace(file)

    def _pid_file(self, name: str) -> Path:
        return self.run_dir / f"{name}.pid"
