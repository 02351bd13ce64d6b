"""A whole system as an operator runs it: `orestream up` in a process of its own, and the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orestream.cli.embedded import leash

COMMAND = str(Path(sys.executable).parent / "orestream")
SERVICES = ("mining", "processing", "export")

_READY_S = 120.0
_STOP_S = 60.0
_ANSWER_S = 240.0


class System:
    """A broker and the three services under `orestream up`; its printed lines are kept.

    Args:
        directory: where it keeps its data; reused by a second system on the same directory.
        store: `sqlite`, `postgres` or a URL.
    """

    def __init__(self, directory: Path, store: str = "sqlite") -> None:
        self.directory = directory
        self.store = store
        self.lines: list[str] = []
        self.bootstrap = ""
        self._process: subprocess.Popen[str] | None = None
        self._listener: threading.Thread | None = None
        self._ready = threading.Event()

    def start(self) -> None:
        """Returns when the system says that it is ready."""
        self._process = subprocess.Popen(
            # should the tests be killed, the system stops as at a SIGINT instead of running on for ever
            _leashed([COMMAND, "up", "--data-dir", str(self.directory), "--store", self.store]),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        if not self._ready.wait(_READY_S):
            self.stop()
            raise AssertionError("the system never became ready:\n" + "\n".join(self.lines + self.logs()))

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ends it as a person would; returns its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(how)
        code = self._process.wait(_STOP_S)
        assert self._listener is not None
        self._listener.join(_STOP_S)
        return code

    def pid(self, name: str) -> int:
        """The process id of `kafka`, `postgres` or a service, as it stands in `run/`."""
        return int((self.directory / "run" / f"{name}.pid").read_text())

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> int:
        """Sends a signal to one of its processes; returns the process id it had."""
        pid = self.pid(name)
        os.kill(pid, how)
        return pid

    def await_restart(self, name: str, old: int) -> None:
        """Returns when another process runs under that name."""
        deadline = time.monotonic() + _READY_S
        while time.monotonic() < deadline:
            try:
                if self.pid(name) != old:
                    return
            except (FileNotFoundError, ValueError):
                pass  # being rewritten: look again
            time.sleep(0.05)
        raise AssertionError(f"{name} was not started again:\n" + "\n".join(self.lines + self.logs()))

    def run(self, *arguments: str, within: float = _ANSWER_S) -> subprocess.CompletedProcess[str]:
        """One call of the command line against this system."""
        return self.run_offline(*arguments, "--bootstrap", self.bootstrap, within=within)

    def run_offline(self, *arguments: str, within: float = _ANSWER_S) -> subprocess.CompletedProcess[str]:
        """One call of the command line that is not told of the broker."""
        return subprocess.run(
            [COMMAND, *arguments],
            env={**os.environ, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )

    def send(self, *files: Path, timeout: int = 180) -> list[dict[str, Any]]:
        """Sends files and returns the final outcomes in file order; fails where none came."""
        run = self.run("send", *(str(file) for file in files), "--json", "--timeout", str(timeout))
        assert run.returncode in (0, 3), f"{run.stdout[-2000:]}\n{run.stderr[-2000:]}\n" + "\n".join(
            self.logs()
        )
        return [json.loads(line) for line in run.stdout.splitlines()]

    def verify(self) -> dict[str, Any]:
        """The verdict of `orestream verify`; fails where it finds anything wrong."""
        run = self.run("verify", "--json")
        assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
        verdict: dict[str, Any] = json.loads(run.stdout)
        return verdict

    def lag(self) -> float:
        """Records that any service has not taken in yet, by its own metrics."""
        lines = [line for service in SERVICES for line in self.page(service, "metrics").splitlines()]
        return sum(
            float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("orestream_lag_records{")
        )

    def page(self, service: str, name: str) -> str:
        """A page of a service's management port."""
        log = (self.directory / "logs" / f"{service}.log").read_text()
        port = int(re.findall(r'"port": (\d+)', log)[-1])
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=10) as answer:
            text: str = answer.read().decode()
            return text

    def logs(self, last: int = 15) -> list[str]:
        """The last lines of every service's log."""
        shown: list[str] = []
        for path in sorted((self.directory / "logs").glob("*.log")):
            shown += [f"--- {path.name}", *path.read_text(errors="replace").splitlines()[-last:]]
        return shown

    def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        with self._process.stdout as printed:
            for line in printed:
                self.lines.append(line.rstrip())
                found = re.search(r"ready bootstrap=(\S+)", line)
                if found:
                    self.bootstrap = found.group(1)
                    self._ready.set()


@contextmanager
def running_system(directory: Path, store: str = "sqlite") -> Iterator[System]:
    """A system for the length of a test."""
    system = System(directory, store)
    system.start()
    try:
        yield system
    finally:
        system.stop()


def _leashed(command: list[str]) -> list[str]:
    """The same command, told to stop when the thread that starts it ends."""
    return [
        sys.executable,
        "-I",
        "-S",
        leash.__file__,
        str(os.getpid()),
        str(int(signal.SIGINT)),
        "-",
        *command,
    ]


def written(path: Path, commands: Iterable[dict[str, Any]]) -> Path:
    """The commands as a JSONL file."""
    path.write_text("".join(json.dumps(command) + "\n" for command in commands))
    return path


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
