"""What was sent and what became of it, as JSON lines that survive the sender's end."""

from __future__ import annotations

import json
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from tests.chaos.workload.sending import Sending


class History:
    """One line when a record is handed to a producer, one more when its fate is known; from any thread.

    A key that is no text stands there with U+FFFD in place of what cannot be read, none as null.
    `acked`: it is in the log, at that place (and its transaction is committed, where it has one).
    `aborted`: its transaction was not committed and never will be. `failed`: nobody knows.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", buffering=1, encoding="utf-8")
        self._lock = Lock()
        self._open: set[int] = set()
        self.counts: Counter[str] = Counter()
        """How many lines of each event."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.fail_open("the sender ended")
        self._file.close()

    def sent(self, sending: Sending) -> int:
        """It is about to be handed to a producer; answers with its number."""
        said = {
            "topic": sending.topic,
            "key": None if sending.key is None else sending.key.decode("utf-8", "backslashreplace"),
            "id": sending.command_id,
            "kind": sending.kind,
            "service": sending.service,
            "sha256": sha256(sending.value or b"").hexdigest(),
        }
        with self._lock:
            number = self.counts["sent"] + 1
            self._open.add(number)
            self._write("sent", number, said)
        return number

    def acked(self, number: int, partition: int, offset: int) -> None:
        """It is in the log."""
        self._end("acked", number, {"partition": partition, "offset": offset})

    def aborted(self, number: int) -> None:
        """It must never be seen."""
        self._end("aborted", number, {})

    def failed(self, number: int, why: str) -> None:
        """Whether it is in the log is not known."""
        self._end("failed", number, {"why": why})

    def fail_open(self, why: str) -> None:
        """Nothing more will be heard of those whose fate is not known yet."""
        with self._lock:
            left = sorted(self._open)
        for number in left:
            self.failed(number, why)

    def _end(self, event: str, number: int, said: dict[str, Any]) -> None:
        """Once for each: what comes after is known already."""
        with self._lock:
            if number in self._open:
                self._open.discard(number)
                self._write(event, number, said)

    def _write(self, event: str, number: int, said: dict[str, Any]) -> None:
        self.counts[event] += 1
        line = {"event": event, "n": number, "at": time.time(), **said}
        self._file.write(json.dumps(line) + "\n")
