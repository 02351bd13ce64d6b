"""A file of JSON lines that a run writes as it goes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Journal:
    """Appends whole lines, each on the disk's side of this process at once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        self._path = path

    def write(self, **line: Any) -> None:
        """One line."""
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a journal; none where it does not exist. One without its end is still being written."""
    if not path.exists():
        return []
    return [
        json.loads(line)
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True)
        if line.endswith("\n")
    ]
