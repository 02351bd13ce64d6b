"""What tests ask of processes: whether they have ended, and programs of their own to kill."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HEEDING = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"


def process_ended(pid: int) -> bool:
    """Whether the process is gone; one that has ended and that nobody has asked for its code is gone too."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


@contextmanager
def program(source: str, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run Python source as a program of its own, with its output to read from; it is dead afterwards.

    It heeds SIGINT even where the tests themselves were started by something that has it ignored.
    """
    command = [sys.executable, "-c", _HEEDING + source, *(str(argument) for argument in arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: "subprocess.Popen[str]") -> str:
    """Return the first line the program prints; fail if it prints none."""
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line, "the program ended without a word"
    return line
