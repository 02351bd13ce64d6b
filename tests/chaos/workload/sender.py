"""Sends a workload to a cluster at a steady rate and writes the history of it.

Open-loop: the rate is kept whatever the services do, and made up for after a pause. Brokers may come and
go; what has not been acknowledged some time after the end is written as failed.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path

from tests.chaos.workload.history import History
from tests.chaos.workload.producing import Patient
from tests.chaos.workload.sending import Sending
from tests.chaos.workload.transactions import Transactions

_LOOK_S = 0.1


def send(
    workload: Iterable[Sending],
    bootstrap: str,
    history_path: Path,
    rate: float,
    until: Callable[[], bool],
    *,
    flush_s: float = 60.0,
) -> Counter[str]:
    """Sends until told to end, or until there is no more. Blocks; run it in a thread or a process.

    Args:
        workload: what is sent, in this order.
        bootstrap: servers, `host:port,…`.
        history_path: written anew, a line at a time.
        rate: records a second, on average.
        until: asked ten times a second; `threading.Event().is_set`, or `after(seconds)`.
        flush_s: how long to wait at the end for what is not acknowledged.

    Returns:
        How many were sent, acked, aborted, failed.
    """
    with History(history_path) as history:
        plain = Patient(bootstrap, history)
        grouped = Transactions(bootstrap, history, f"workload-{uuid.uuid4().hex}")
        try:
            _pour(workload, rate, until, plain, grouped)
        finally:
            plain.close(flush_s)
            grouped.close(flush_s)
            history.fail_open("not acknowledged in time")
        return history.counts


def after(seconds: float) -> Callable[[], bool]:
    """True that many seconds from now."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def _pour(
    workload: Iterable[Sending],
    rate: float,
    until: Callable[[], bool],
    plain: Patient,
    grouped: Transactions,
) -> None:
    """A group whose last record is not reached is not begun."""
    began, count = time.monotonic(), 0
    for within, group in groupby(workload, key=lambda sending: sending.within):
        taken: list[Sending] = []
        for sending in group:
            if not _waited(began + count / rate, until, plain):
                return
            count += 1
            if within is None:
                plain.send(sending)
            else:
                taken.append(sending)
        if taken:
            grouped.send(taken)


def _waited(due: float, until: Callable[[], bool], plain: Patient) -> bool:
    """False where the end comes before its time."""
    plain.wait(0.0)
    while not until():
        left = due - time.monotonic()
        if left <= 0:
            return True
        plain.wait(min(left, _LOOK_S))
    return False
