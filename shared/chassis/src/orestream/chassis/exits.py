"""How a service ends, as its exit code tells."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes; what is not 0 is said in the log's last line too."""

    OK = 0
    """Stopped as asked."""
    FAILED = 1
    """A fault of the program; starting again is right."""
    SETTINGS = 2
    """The settings or the command line are wrong."""
    NOT_PREPARED = 3
    """Topics or schema are missing: something has to be run first."""
    HALTED = 4
    """An operator must look: history, lost records, the breaker."""
    UNFINISHED = 5
    """The grace period was over before all was finished; nothing is lost, it is taken up again."""
