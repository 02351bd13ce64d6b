"""What a broker is run with: a Java, the jars, and an archive of their classes that makes it start fast."""

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

from orestream.cli.embedded.errors import ChildFailedError
from orestream.cli.embedded.jars import Progress, ensure_jars
from orestream.cli.embedded.java import Java, find_java
from orestream.cli.embedded.settings import EmbeddedSettings

_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Runtime:
    """A Java with Kafka's jars; `archive` may not exist yet and is then not used."""

    java: Java
    jars: tuple[Path, ...]
    archive: Path

    def command(
        self, main: str, *arguments: str | Path, logging: Path, flags: tuple[str, ...] = ()
    ) -> list[str]:
        """Return the command line that runs a main class of Kafka."""
        return [
            str(self.java.executable),
            *self.java.flags,
            *(flags or self._archive_flags()),
            f"-Dlog4j2.configurationFile={logging}",
            "-cp",
            ":".join(str(jar) for jar in self.jars),
            main,
            *(str(argument) for argument in arguments),
        ]

    def run(self, main: str, *arguments: str | Path, logging: Path) -> str:
        """Run one of Kafka's tools to its end and return what it prints.

        Raises:
            ChildFailedError: it failed; the message holds its output.
        """
        done = subprocess.run(  # noqa: S603 - a command line of our own
            self.command(main, *arguments, logging=logging),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        if done.returncode != 0:
            raise ChildFailedError(f"{main} ended with code {done.returncode}:\n{done.stdout}")
        return done.stdout

    def _archive_flags(self) -> tuple[str, ...]:
        """Use the archive if it is there; a Java it does not fit ignores it."""
        return (f"-XX:AOTCache={self.archive}", "-Xlog:aot*=off,cds*=off") if self.archive.exists() else ()


def prepare(settings: EmbeddedSettings | None = None, progress: Progress | None = None) -> Runtime:
    """Find a Java and have all jars at hand, fetching what is missing.

    Raises:
        EmbeddedError: no Java, or a jar that cannot be fetched or is not the pinned one.
    """
    settings = settings or EmbeddedSettings()
    java = find_java(settings)
    jars = ensure_jars(settings, progress=progress)
    key = hashlib.sha256("\n".join([java.version, *map(str, jars)]).encode()).hexdigest()[:16]
    return Runtime(java, jars, settings.cache_dir / "classes" / f"kafka-{key}.aot")
