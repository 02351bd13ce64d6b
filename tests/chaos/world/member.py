"""One service process of the run: started by the launcher, given orders by its control file."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orestream.cli.embedded.child import Child
from orestream.cli.probing import is_ready

ROOT = Path(__file__).parents[3]


@dataclass(slots=True)
class Member:
    """A replica of a service.

    Attributes:
        wanted: whether it should run; what ends while it is wanted is started again.
        halted: its exit code, where it ended by itself in a way that starting again does not mend.
    """

    name: str
    service: str
    environment: Mapping[str, str]
    directory: Path
    management_port: int
    mutant: str | None = None
    wanted: bool = False
    exits: list[int] = field(default_factory=list)
    _child: Child | None = None

    @property
    def control(self) -> Path:
        """Where it looks for orders."""
        return self.directory / f"{self.name}.order"

    @property
    def log(self) -> Path:
        """Its output, over all its lives."""
        return self.directory / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """Its process id, while it lives."""
        return self._child.pid if self._child is not None and self._child.running else None

    def start(self) -> None:
        """Start it, without waiting for it to be ready."""
        if self.pid is not None:
            return
        command = [sys.executable, "-m", "tests.chaos.launcher", self.service, "--control", str(self.control)]
        if self.mutant:
            command += ["--mutant", self.mutant]
        self._child = Child(command, self.log, environment=self.environment)
        # only now: the end of its last life must not be taken for that of this one
        self.wanted = True

    async def ready(self) -> bool:
        """Whether it says so itself."""
        return self.pid is not None and await is_ready(self.management_port)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; nothing where it has just ended."""
        pid = self.pid
        if pid is None:
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return

    def kill(self) -> None:
        """SIGKILL, and wait."""
        if self._child is not None:
            self._child.kill()

    def stop(self, grace_s: float = 30.0) -> int:
        """SIGTERM, and wait; returns the exit code. It is not wanted any more."""
        self.wanted = False
        if self._child is None:
            return 0
        self.signal(signal.SIGCONT)
        self._child.stop(grace_s)
        return self._child.wait(grace_s)

    def ended(self) -> int | None:
        """The exit code of a life that has ended; None while it lives, or never began."""
        if self._child is None or self._child.running:
            return None
        return self._child.wait(0.0)

    def order(self, step: str, action: str, **more: Any) -> None:
        """Have it do something at a step."""
        draft = self.control.with_suffix(".draft")
        draft.write_text(json.dumps({"step": step, "action": action, **more}))
        draft.replace(self.control)

    def obeyed(self) -> bool:
        """Whether the last order was carried out."""
        return not self.control.exists()

    def take_back(self) -> bool:
        """Withdraw the order; False where it was carried out before."""
        try:
            self.control.unlink()
        except FileNotFoundError:
            return False
        return True
