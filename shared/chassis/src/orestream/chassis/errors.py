"""What can go wrong: what passes by itself (back off, try again) and what needs an operator (stop, say so).

The sorting is the message: a `Recoverable` never loses anything and never skips anything, a `Fatal` is
never repeated blindly.
"""

from __future__ import annotations


class ChassisError(Exception):
    """Anything the chassis raises on purpose."""


class Recoverable(ChassisError):
    """Passes by itself: nothing was done; back off with jitter and try the same again."""


class DatabaseUnavailable(Recoverable):
    """The database cannot be reached, is restarting, is locked for too long or refuses connections."""


class Contended(Recoverable):
    """Others kept changing what a transaction reads, for longer than is worth waiting at once."""


class Fatal(ChassisError):
    """Needs an operator: stop, keep everything, say what is wrong and what to do."""


class SchemaOutOfRange(Fatal):
    """The database's schema is older or newer than this version works with."""


class StateOutOfRange(Fatal):
    """A state was written by a newer version of the service than this one."""


class BreakerOpen(Fatal):
    """Too many facts in a row fail; the service stops instead of setting the world aside."""


class TaskFails(Fatal):
    """The code fails on what a decision has left to be told; nothing of it may be skipped."""


class HistoryDiverged(Fatal):
    """Database and topics do not continue each other: a restored backup, or a replica that lagged."""


class Irreconcilable(Fatal):
    """The database has decided what was never visible, beside what is: it cannot be taken further."""


class StillRunning(Fatal):
    """Something needs the service stopped, and it is not."""


class LogOutOfRange(Fatal):
    """The log begins after, or ends before, the offset that the database expects."""


class PartitionsDiffer(Fatal):
    """A topic has another partition count than this deployment was born with."""


class TopicsMissing(Fatal):
    """Topics that this service needs were never created."""


class OutboxBroken(Fatal):
    """A row of the outbox cannot be published as it stands, or a row is missing."""
