"""A process on a leash: started in a session of its own, stopped in order, dead when its parent is dead.

A session of its own keeps the terminal's Ctrl-C from it: its parent hears that and stops it in order. The
kernel binds the leash to the *thread* that starts the process, not to the program, so all children are
started by one thread that lives as long as the program.
"""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from orestream.cli.embedded.errors import ChildFailedError

_LEASH = Path(__file__).with_name("leash.py")
_LAST_LINES = 15
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Account:
    """A system user to run as."""

    uid: int
    gid: int

    def __str__(self) -> str:
        return f"{self.uid}:{self.gid}"


class Child:
    """One started process; its output goes to the end of a log file."""

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        *,
        death_signal: signal.Signals = signal.SIGKILL,
        account: Account | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._log = log
        with log.open("ab") as output:
            self._log_start = output.tell()
            self._process = _STARTER.start(
                _leashed(command, death_signal, account), output.fileno(), environment
            )

    @property
    def pid(self) -> int:
        """The process id, of the command itself."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    @property
    def log_tail(self) -> str:
        """The last lines it has written."""
        with self._log.open("rb") as stream:
            stream.seek(self._log_start)
            return "\n".join(stream.read().decode(errors="replace").splitlines()[-_LAST_LINES:])

    def wait_until(self, ready: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Wait until `ready` answers yes.

        Raises:
            ChildFailedError: it ended before, or the time is up; then it has been killed.
        """
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.running:
                raise ChildFailedError(
                    f"{what} ended with code {self._process.returncode}; {self._log} ends:\n{self.log_tail}"
                )
            if time.monotonic() > deadline:
                self.kill()
                raise ChildFailedError(
                    f"{what} was not ready in {timeout_s:.0f} s; {self._log} ends:\n{self.log_tail}"
                )
            time.sleep(_POLL_S)

    def wait(self, timeout_s: float) -> int:
        """Wait for its end and return its code; kill it when the time is up."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    def stop(self, grace_s: float, polite: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end and wait; kill it when it has not ended within the grace period."""
        if self.running:
            self._process.send_signal(polite)
        self.wait(grace_s)

    def kill(self) -> None:
        """End it at once, with whatever it has started in its session's process group."""
        if self.running:
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()


def _leashed(
    command: Sequence[str | Path], death_signal: signal.Signals, account: Account | None
) -> list[str]:
    leash = [
        sys.executable,
        "-I",
        "-S",
        str(_LEASH),
        str(os.getpid()),
        str(int(death_signal)),
        str(account or "-"),
    ]
    return leash + [str(part) for part in command]


class _Starter:
    """The one thread that starts children; created with the first of them."""

    def __init__(self) -> None:
        self._wanted: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(
        self, command: list[str], output: int, environment: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start the command from the long-lived thread and return it, or raise what starting it raised."""
        self._ensure_thread()
        answer: Future[subprocess.Popen[bytes]] = Future()

        def begin() -> None:
            try:
                process = subprocess.Popen(  # noqa: S603 - the caller's own command
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    start_new_session=True,
                )
            except OSError as error:
                answer.set_exception(error)
            else:
                answer.set_result(process)

        self._wanted.put(begin)
        return answer.result()

    def _ensure_thread(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="starter of children", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._wanted.get()()


_STARTER = _Starter()
