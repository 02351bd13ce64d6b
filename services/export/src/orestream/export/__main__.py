"""`python -m orestream.export`: runs the service, or prepares its schema and topics."""

from __future__ import annotations

import sys

from orestream.chassis.main import serve
from orestream.export.app import build

if __name__ == "__main__":
    sys.exit(serve("export", build))
