"""`python -m tests.chaos.workload`: sends a workload to a cluster and writes its history."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from tests.chaos.workload.sender import after, send
from tests.chaos.workload.workload import Workload


def main(arguments: list[str] | None = None) -> int:
    """Runs until the time is over or a signal comes; prints the counts."""
    asked = _parser().parse_args(arguments)
    stop = threading.Event()
    ends = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: stop.set()) for number in ends]
    over = after(asked.seconds)
    counts = send(
        Workload(asked.seed, asked.site, partitions=asked.partitions),
        asked.bootstrap,
        asked.history,
        asked.rate,
        lambda: stop.is_set() or over(),
        flush_s=asked.flush,
    )
    for number, handler in zip(ends, before, strict=True):
        signal.signal(number, handler)
    sys.stdout.write(json.dumps(counts) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.workload", description=__doc__)
    parser.add_argument("--bootstrap", required=True, help="servers, host:port,…")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--rate", type=float, default=50.0, help="records a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--history", type=Path, required=True, help="file to write, JSON lines")
    parser.add_argument("--site", default="main")
    parser.add_argument("--partitions", type=int, default=12, help="of the fact topics")
    parser.add_argument("--flush", type=float, default=60.0, help="seconds to wait for what is not acked")
    return parser


if __name__ == "__main__":
    sys.exit(main())
