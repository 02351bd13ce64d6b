"""One of the three services as a process of its own that dies with this one."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orestream.cli.embedded.child import Child
from orestream.cli.embedded.errors import ChildFailedError
from orestream.cli.probing import is_ready

READY_WITHIN = 90.0
_POLL = 0.05


@dataclass(slots=True)
class ServiceProcess:
    """`python -m orestream.SERVICE run` with an environment of its own.

    Args:
        service: `mining`, `processing` or `export`.
        environment: all of it, `ORESTREAM_MANAGEMENT_PORT` included.
        log: the file its output is added to.
        management_port: where it answers whether it is ready.
    """

    service: str
    environment: Mapping[str, str]
    log: Path
    management_port: int
    _child: Child | None = field(default=None, init=False)

    @property
    def pid(self) -> int:
        """Its process id; it must have been started."""
        if self._child is None:
            raise ChildFailedError(f"{self.service} has not been started.")
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether its process is alive."""
        return self._child is not None and self._child.running

    async def start(self) -> None:
        """Start and return when it is ready.

        Raises:
            ChildFailedError: it ended before, or the time is up; then it has been killed.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = (sys.executable, "-m", f"orestream.{self.service}", "run")
        child = await asyncio.to_thread(Child, command, self.log, environment=self.environment)
        self._child = child
        deadline = time.monotonic() + READY_WITHIN
        while not await is_ready(self.management_port):
            if not child.running:
                raise ChildFailedError(f"{self.service} ended; {self.log} ends:\n{child.log_tail}")
            if time.monotonic() > deadline:
                child.kill()
                late = f"{self.service} was not ready in {READY_WITHIN:.0f} s"
                raise ChildFailedError(f"{late}; {self.log} ends:\n{child.log_tail}")
            await asyncio.sleep(_POLL)

    async def stop(self, grace_s: float = 25.0) -> None:
        """Let it finish what it has begun; kill it after the grace period."""
        if self._child is not None:
            await asyncio.to_thread(self._child.stop, grace_s)
