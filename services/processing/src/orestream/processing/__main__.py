"""`python -m orestream.processing`: runs the service, or prepares its schema and topics."""

from __future__ import annotations

import sys

from orestream.chassis.main import serve
from orestream.processing.app import build, observe

if __name__ == "__main__":
    sys.exit(serve("processing", build, observe=observe))
