"""Makes the class archive: Kafka's classes as this Java has loaded and linked them, mapped at later starts.

A broker starts in a third of the time with it. It is made by a broker that runs once, for nothing else,
because writing it delays that broker's end by some seconds.
"""

import os
import tempfile
from pathlib import Path

from orestream.cli.embedded.node import KafkaNode
from orestream.cli.embedded.runtime import Runtime

_GRACE_S = 120.0


def ensure_archive(runtime: Runtime) -> bool:
    """Make the archive if it is missing and this Java can; return whether there is one now.

    Two processes may do so at the same time; the later one's archive replaces the equal earlier one.
    """
    if runtime.archive.exists() or not runtime.java.archives_classes:
        return runtime.archive.exists()
    runtime.archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".archive-", dir=runtime.archive.parent) as scratch:
        written = Path(scratch) / "classes.aot"
        node = KafkaNode(Path(scratch) / "node", runtime, flags=(f"-XX:AOTCacheOutput={written}",))
        try:
            node.start()
        finally:
            node.stop(_GRACE_S)
        if written.exists():
            os.replace(written, runtime.archive)  # noqa: PTH105 - atomic on one file system
    return runtime.archive.exists()
