"""`python -m tests.bench.plain_service`: the bench's service, its relay publishing without transactions.

It exists to measure what the Kafka transactions cost, and for nothing else: see `plain_publisher`.
"""

import sys
from typing import Any
from unittest.mock import patch

from orestream.chassis import wiring
from orestream.chassis.main import serve
from tests.bench.handler import SERVICE, decode, topic_of
from tests.bench.plain_publisher import PlainPublisher
from tests.bench.service import build


def _plain(**parts: Any) -> PlainPublisher:
    """In place of the publisher that the wiring makes, from the same parts."""
    return PlainPublisher(parts["settings"])


if __name__ == "__main__":
    with patch.object(wiring, "KafkaPublisher", _plain):
        sys.exit(serve(SERVICE, build, decode=decode, topic_of=topic_of))
