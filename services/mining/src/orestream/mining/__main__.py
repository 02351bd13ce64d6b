"""`python -m orestream.mining`: runs the service, or prepares its schema and topics."""

from __future__ import annotations

import sys

from orestream.chassis.main import serve
from orestream.mining.app import build

if __name__ == "__main__":
    sys.exit(serve("mining", build))
