"""What the figures were measured on, and with which versions."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from orestream.cli.embedded.cluster import packaged
from orestream.cli.embedded.runtime import Runtime

_LIBRARIES = ("aiokafka", "asyncpg", "confluent-kafka", "faststream", "pydantic", "sqlalchemy", "uvloop")
_CPUINFO = Path("/proc/cpuinfo")


def environment(runtime: Runtime, checkout: Path) -> dict[str, str]:
    """Names and values in the order they are shown; taken before anything of the bench runs."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": _revision(checkout),
        "cpu": f"{_cpu_model()}, {psutil.cpu_count(logical=True)} cores",
        "memory": f"{psutil.virtual_memory().total / (1 << 30):.0f} GB",
        "kernel": f"{platform.system()} {platform.release()}",
        "load at start": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "python": platform.python_version(),
        "kafka": _kafka(runtime),
        "java": runtime.java.version,
        "java of the peer": _system_java(),
        "postgresql": _output([str(packaged("postgres")), "--version"]).rpartition(" ")[2],
        **{name: found for name in _LIBRARIES if (found := _version(name))},
    }


def _cpu_model() -> str:
    if not _CPUINFO.exists():
        return platform.processor() or platform.machine()
    lines = _CPUINFO.read_text(encoding="utf-8").splitlines()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


def _revision(checkout: Path) -> str:
    revision = _output(["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"])
    if not revision:
        return "unknown"
    return revision + (
        " with changes" if _output(["git", "-C", str(checkout), "status", "--porcelain"]) else ""
    )


def _kafka(runtime: Runtime) -> str:
    name = next(jar.stem for jar in runtime.jars if jar.stem.startswith("kafka-clients-"))
    return name.removeprefix("kafka-clients-").partition("-")[0]


def _system_java() -> str:
    """The version of the machine's own Java, which runs the peer in Java."""
    try:
        asked = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return "none"
    return asked.stderr.split('"')[1] if '"' in asked.stderr else "unknown"


def _version(name: str) -> str:
    """The version of a library, or nothing where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _output(command: list[str]) -> str:
    """What the command prints, or nothing when it is not there or fails: then the value is not known."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
