"""One genuine service process that a chaos run can stop at a named step.

`python -m tests.chaos.launcher mining --control FILE [--mutant NAME]` serves exactly as
`python -m orestream.mining run` does, with a watcher at the steps. While FILE exists it is an order, such as
`{"step": "before-commit", "skip": 2, "action": "kill"}`: the third time the process is there it removes the
file, which tells the run that it happened, and obeys. Actions: `kill` (itself, or `pid`), `stop`
(SIGSTOP), `exit`, `sleep` (with `seconds`), `lose` (the connection at hand), `clock` (shift the wall clock
by `seconds`).
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Clock:
    """A wall clock that can be wrong."""

    def __init__(self) -> None:
        self.shift = 0.0
        self._true = time.time

    def __call__(self) -> float:
        """What `time.time` answers."""
        return self._true() + self.shift


_CLOCK = Clock()


class Watcher:
    """Obeys the order in the control file."""

    def __init__(self, control: Path) -> None:
        self._control = control
        self._read_at = 0.0
        self._order: dict[str, Any] | None = None
        self._seen = 0

    async def __call__(self, step: str) -> None:
        """Called at every step; usually there is no order."""
        order = self._current()
        if order is None or order["step"] != str(step):
            return
        self._seen += 1
        if self._seen <= int(order.get("skip", 0)):
            return
        try:
            self._control.unlink()
        except FileNotFoundError:
            return  # taken back in this moment
        self._order = None
        await _obey(order, str(step))

    def _current(self) -> dict[str, Any] | None:
        """The order, read again when the file is another one."""
        try:
            written = self._control.stat().st_mtime
        except FileNotFoundError:
            self._order, self._read_at = None, 0.0
            return None
        if written != self._read_at:
            self._order, self._read_at, self._seen = json.loads(self._control.read_text()), written, 0
        return self._order


async def _obey(order: dict[str, Any], step: str) -> None:
    match order["action"]:
        case "kill":
            os.kill(int(order.get("pid", os.getpid())), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "exit":
            os._exit(9)
        case "sleep":
            await asyncio.sleep(float(order["seconds"]))
        case "lose":
            raise _lost(step)
        case "clock":
            _CLOCK.shift = float(order["seconds"])
        case other:
            raise ValueError(f"{other!r} is no action")


def _lost(step: str) -> Exception:
    """What the code at that step meets when its connection breaks."""
    if step in ("fetched", "before-commit", "committed", "before-prune"):
        from orestream.chassis.errors import DatabaseUnavailable  # noqa: PLC0415 - after the clock is in place

        return DatabaseUnavailable("the connection was lost")
    from aiokafka.errors import KafkaConnectionError  # noqa: PLC0415 - after the clock is in place

    error: Exception = KafkaConnectionError("the connection was lost")
    return error


def _tell_tasks(*_: object) -> None:
    """Where every task is, to the log: asked for by SIGUSR1 when a run does not become quiet."""
    for task in asyncio.all_tasks():
        task.print_stack(file=sys.stderr)
    sys.stderr.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.launcher", description=__doc__)
    parser.add_argument("service", choices=("mining", "processing", "export"))
    parser.add_argument("--control", type=Path, required=True, metavar="FILE")
    parser.add_argument("--mutant", metavar="NAME", help="break the chassis in this way first")
    return parser.parse_args()


def main() -> int:
    """Install clock and watcher, then serve; returns the service's own exit code."""
    arguments = _arguments()
    time.time = _CLOCK  # before anything takes the function itself
    from orestream.chassis import steps  # noqa: PLC0415 - after the clock is in place
    from orestream.chassis.main import serve  # noqa: PLC0415 - after the clock is in place
    from orestream.chassis.metrics import observe_nothing  # noqa: PLC0415 - after the clock is in place

    app = importlib.import_module(f"orestream.{arguments.service}.app")
    build: Callable[[Path | None], Any] = app.build
    observe = getattr(app, "observe", observe_nothing)
    steps.watch(Watcher(arguments.control))
    signal.signal(signal.SIGUSR1, _tell_tasks)
    if arguments.mutant:
        importlib.import_module("tests.chaos.mutants").apply(arguments.mutant)
    return serve(arguments.service, build, ["run"], observe=observe)


if __name__ == "__main__":
    sys.exit(main())
