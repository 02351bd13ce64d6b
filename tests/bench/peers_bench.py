"""The peers: other ways of doing the same work, as their documentation advises (see peers/README.md)."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.harness.bench import CHECKOUT
from tests.bench.harness.pipeline import Pace, Place, Program, System

FASTSTREAM = "FastStream + SQLAlchemy"
OUTBOX = "faststream-outbox"
QUIX = "Quix Streams"
BYTEWAX = "Bytewax"
KAFKA_STREAMS = "Kafka Streams, 1 thread"
TRANSACTIONS = "confluent-kafka transactions"
RAW = "raw aiokafka"

PYTHON = CHECKOUT / "build" / "peers" / "venv" / "bin" / "python"
_LIBRARIES = (
    *("faststream", "faststream-outbox", "quixstreams", "bytewax", "confluent-kafka", "aiokafka"),
    *("pydantic", "sqlalchemy"),
)
_PACKAGE = "tests.bench.peers"
_JAVA_SOURCES = CHECKOUT / "tests" / "bench" / "peers" / "kafka_streams"
_JAVA_BUILT = CHECKOUT / "build" / "peers" / "kafka-streams"
_BUILD_S = 300


def systems() -> tuple[System, ...]:
    """All peers, the weakest tie to a database last."""
    return (
        _python(
            FASTSTREAM,
            "faststream_sqlalchemy",
            "at-most-once (its default): a crash loses what was fetched, or the event whose lot is committed",
            pace="slow",
            postgresql=True,
            needs="sqlalchemy",
        ),
        _python(
            OUTBOX,
            "outbox",
            "input at-most-once (its default); from the outbox at-least-once, order not kept",
            pace="slow",
            postgresql=True,
            needs="faststream_outbox",
        ),
        _python(
            QUIX,
            "quix",
            "exactly-once within Kafka; state in RocksDB with a changelog, no database",
            needs="quixstreams",
            note="commits each 0.1 s (default 5 s)",
        ),
        _python(
            BYTEWAX,
            "bytewax_flow",
            "at-least-once to Kafka; state snapshots each 10 s in local SQLite files",
            needs="bytewax",
        ),
        System(
            KAFKA_STREAMS,
            "exactly-once within Kafka (exactly_once_v2); state in RocksDB with a changelog, no database",
            _kafka_streams,
            pace="long",
            missing=_no_kafka_streams,
            note="Java, -Xmx512m, warm-up within the time",
        ),
        _python(
            TRANSACTIONS,
            "transactions",
            "exactly-once within Kafka; state in memory only, lost in a crash",
            needs="confluent_kafka",
        ),
        _python(
            RAW,
            "raw_aiokafka",
            "none: at-least-once or less; state in memory only, lost in a crash",
            needs="aiokafka",
        ),
    )


def versions() -> str:
    """The pinned versions of the peers' libraries; some differ from ours, which the environment names."""
    pins = (CHECKOUT / "requirements" / "peers.txt").read_text(encoding="utf-8")
    found = (re.search(rf"^{name}==(\S+)", pins, re.MULTILINE) for name in _LIBRARIES)
    return ", ".join(
        f"{name} {pin[1]}" for name, pin in zip(_LIBRARIES, found, strict=True) if pin is not None
    )


def _python(
    name: str,
    folder: str,
    guarantee: str,
    *,
    needs: str,
    pace: Pace = "fast",
    postgresql: bool = False,
    note: str = "",
) -> System:
    def programs(place: Place) -> Sequence[Program]:
        return (Program((PYTHON, "-m", f"{_PACKAGE}.{folder}", *_arguments(place))),)

    return System(
        name,
        guarantee,
        programs,
        pace=pace,
        store="postgresql" if postgresql else "own",
        missing=_importable(needs),
        note=note,
    )


def _arguments(place: Place) -> tuple[str, ...]:
    return (
        *("--bootstrap", place.bootstrap, "--input", place.input, "--output", place.output),
        *("--database", place.database, "--directory", str(place.directory)),
    )


def _importable(package: str) -> Callable[[], str | None]:
    """A peer without its package is no failure: not each one is built for each Python and system."""

    def why() -> str | None:
        if not PYTHON.exists():
            return "the peers' environment is not installed (make bench does)"
        found = subprocess.run([PYTHON, "-c", f"import {package}"], capture_output=True, check=False)
        return None if found.returncode == 0 else f"{package} is not there for this Python"

    return why


def _kafka_streams(place: Place) -> Sequence[Program]:
    java = shutil.which("java")
    assert java is not None
    path = os.pathsep.join((str(_JAVA_BUILT / "tally-1.jar"), str(_JAVA_BUILT / "lib" / "*")))
    state = str(place.directory / "streams")
    return (
        Program(
            (java, "-Xmx512m", "-cp", path, "tally.Main", place.bootstrap, place.input, place.output, state)
        ),
    )


def _no_kafka_streams() -> str | None:
    """Build it unless it is built; without the tools, or the jars, it is not measured."""
    for tool in ("java", "javac", "mvn"):
        if shutil.which(tool) is None:
            return f"no {'Maven' if tool == 'mvn' else tool}"
    if _built_since(_JAVA_SOURCES):
        return None
    # jars of former versions would stay on the class path
    shutil.rmtree(_JAVA_BUILT, ignore_errors=True)
    try:
        built = subprocess.run(
            ["mvn", "-q", "-B", "package"],
            cwd=_JAVA_SOURCES,
            capture_output=True,
            text=True,
            check=False,
            timeout=_BUILD_S,
        )
    except subprocess.TimeoutExpired:
        return f"Maven did not build it in {_BUILD_S} s"
    return None if built.returncode == 0 else f"Maven did not build it: {built.stdout[-300:]}"


def _built_since(sources: Path) -> bool:
    jar = _JAVA_BUILT / "tally-1.jar"
    newest = max(file.stat().st_mtime for file in sources.rglob("*") if file.is_file())
    return jar.exists() and jar.stat().st_mtime >= newest
