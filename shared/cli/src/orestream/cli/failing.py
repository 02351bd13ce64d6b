"""What a user's mistake, or a missing broker, looks like on the command line: a sentence and an exit code."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a shell script may rely on."""

    OK = 0
    VIOLATIONS = 1
    """`verify` or `demo` found something that must not be."""
    UNUSABLE = 2
    """The file, the command line or the surroundings are wrong; nothing was done."""
    REFUSED = 3
    UNANSWERED = 4
    INTERRUPTED = 130


class Unusable(Exception):
    """What was asked cannot be done.

    Attributes:
        what: what is wrong, in one sentence.
        advice: what to do about it.
    """

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice
