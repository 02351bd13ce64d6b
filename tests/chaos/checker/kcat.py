"""A third reader that shares no code with the others: the command `kcat`, where there is one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from tests.chaos.checker.reading import Unreadable
from tests.chaos.checker.records import Series, print_of

_FORMAT = "%p %o %K %S\\n%k%s\\n"
"""Partition, offset, lengths of key and value (-1: absent); then both. Its headers cannot be told apart."""
_FROM_THE_BEGINNING = ("-o", "beginning", "-e", "-q", "-X", "isolation.level=read_committed")
_TIMEOUT_S = 120


def command() -> str | None:
    """Where it is installed."""
    return shutil.which("kcat") or shutil.which("kafkacat")


def read(program: str, bootstrap: str, topics: Iterable[str]) -> dict[Series, tuple[tuple[int, bytes], ...]]:
    """Everything that read_committed shows it, with prints of key and value. Raises Unreadable."""
    found: dict[Series, list[tuple[int, bytes]]] = {}
    for topic in topics:
        with TemporaryFile() as output:
            _run(program, bootstrap, topic, output)
            output.seek(0)
            _parse(topic, output, found)
    return {series: tuple(told) for series, told in found.items()}


def _run(program: str, bootstrap: str, topic: str, output: IO[bytes]) -> None:
    done = subprocess.run(
        [program, "-C", "-b", bootstrap, "-t", topic, *_FROM_THE_BEGINNING, "-f", _FORMAT],
        stdout=output,
        stderr=subprocess.PIPE,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        raise Unreadable(f"{Path(program).name} on {topic}: {done.stderr.decode(errors='replace')[-500:]}")


def _parse(topic: str, output: IO[bytes], found: dict[Series, list[tuple[int, bytes]]]) -> None:
    while line := output.readline():
        partition, offset, key_length, value_length = (int(part) for part in line.split())
        key = None if key_length < 0 else output.read(key_length)
        value = None if value_length < 0 else output.read(value_length)
        output.read(1)
        found.setdefault((topic, partition), []).append((offset, print_of(key, b"", value)))
