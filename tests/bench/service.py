"""`python -m tests.bench.service [run | migrate | topics apply]`: the handler under the genuine chassis.

Settings come from the environment, as every service's do: ORESTREAM_BOOTSTRAP_SERVERS,
ORESTREAM_DATABASE_URL, ORESTREAM_PARTITIONS, ORESTREAM_ENV and the rest of `--help`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from orestream.chassis.main import serve
from tests.bench.handler import SERVICE, Weighing, decode, topic_of


def build(_rules: Path | None = None) -> Weighing:
    """The pure part; it has no rule tables."""
    return Weighing()


if __name__ == "__main__":
    sys.exit(serve(SERVICE, build, decode=decode, topic_of=topic_of))
