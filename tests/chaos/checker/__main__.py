"""`python -m tests.chaos.checker DIRECTORY`: verdict.json and a table; exit 0 where everything holds."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.chaos.checker.checking import check
from tests.chaos.checker.gathering import gather
from tests.chaos.checker.verdicts import Verdict

SHOWN = 3
"""Findings of a check on the table; the file has more."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Check one run."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.checker", description=__doc__)
    parser.add_argument(
        "directory", type=Path, help="with run.json, history.jsonl, samples.jsonl, faults.jsonl"
    )
    directory = parser.parse_args(arguments).directory
    evidence = gather(directory)
    verdicts = check(evidence)
    write(directory / "verdict.json", verdicts)
    for line in (*table(verdicts), *(f"note: {note}" for note in evidence.notes)):
        print(line)  # noqa: T201 - a command's output
    return 0 if all(verdict.holds for verdict in verdicts) else 1


def write(path: Path, verdicts: Sequence[Verdict]) -> None:
    """The verdicts as JSON."""
    told = [
        {
            "check": verdict.check,
            "holds": verdict.holds,
            "examined": verdict.examined,
            "total": verdict.total,
            "findings": verdict.findings,
        }
        for verdict in verdicts
    ]
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """One line a check, and below it the first that it found."""
    width = max(len(verdict.check) for verdict in verdicts)
    for verdict in verdicts:
        says = "holds" if verdict.holds else "BROKEN"
        yield f"{verdict.check:{width}}  {says:6}  {verdict.examined:>9,} examined"
        for finding in verdict.findings[:SHOWN]:
            yield f"{'':{width}}  - {finding}"
        if verdict.total > SHOWN:
            yield f"{'':{width}}  … {verdict.total:,} in all"


if __name__ == "__main__":
    sys.exit(main())
