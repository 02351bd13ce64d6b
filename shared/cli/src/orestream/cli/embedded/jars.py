"""The jars of the broker: exactly the pinned ones, checked by digest, fetched once into a cache.

Nothing is resolved transitively: `kafka-jars.lock` lists every jar with its SHA-256. A jar becomes visible in
the cache only by an atomic rename after its digest was compared, and one process fetches at a time, so that
concurrent starts and interrupted downloads never leave a half-written jar behind.
"""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from orestream.cli.embedded.errors import JarChecksumError, JarsUnavailableError
from orestream.cli.embedded.settings import EmbeddedSettings

Progress = Callable[[int, int], None]
"""Told the number of jars at hand and the number of all jars, from the calling thread."""

LOCK_FILE = "kafka-jars.lock"
_THREADS = 4
_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned jar."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The name in the cache; the digest in it keeps different pins apart."""
        return f"{self.artifact}-{self.version}-{self.sha256[:12]}.jar"

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


def pinned_jars() -> tuple[Jar, ...]:
    """All jars of the lock file, in its order."""
    lines = files("orestream.cli.embedded").joinpath(LOCK_FILE).read_text(encoding="utf-8").splitlines()
    return tuple(_parse(line) for line in lines if line.strip())


def _parse(line: str) -> Jar:
    coordinates, sha256 = line.split()
    group, artifact, version = coordinates.split(":")
    return Jar(group, artifact, version, sha256)


def ensure_jars(
    settings: EmbeddedSettings, jars: tuple[Jar, ...] | None = None, progress: Progress | None = None
) -> tuple[Path, ...]:
    """Return the paths of all jars in the cache, fetching those that are missing or damaged.

    Raises:
        JarsUnavailableError: a jar could not be fetched.
        JarChecksumError: what was fetched is not what is pinned.
    """
    jars = pinned_jars() if jars is None else jars
    directory = settings.cache_dir / "jars"
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise JarsUnavailableError(
            f"The cache {directory} cannot be written ({error}). "
            "Set ORESTREAM_CACHE_DIR to a directory that can."
        ) from error
    if _missing(jars, directory):
        with _one_process(directory):
            _fetch(_missing(jars, directory), directory, settings, len(jars), progress)
    return tuple(directory / jar.file_name for jar in jars)


def _missing(jars: tuple[Jar, ...], directory: Path) -> tuple[Jar, ...]:
    return tuple(jar for jar in jars if _digest(directory / jar.file_name) != jar.sha256)


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return None


@contextmanager
def _one_process(directory: Path) -> Iterator[None]:
    """Hold the cache's lock; the kernel releases it however the holder ends."""
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(
    jars: tuple[Jar, ...], directory: Path, settings: EmbeddedSettings, total: int, progress: Progress | None
) -> None:
    done = total - len(jars)
    with (
        tempfile.TemporaryDirectory(prefix=".fetch-", dir=directory) as scratch,
        ThreadPoolExecutor(_THREADS, thread_name_prefix="jars") as pool,
    ):
        try:
            futures = [pool.submit(_fetch_one, jar, Path(scratch), directory, settings) for jar in jars]
            for future in as_completed(futures):
                future.result()
                done += 1
                if progress is not None:
                    progress(done, total)
        finally:
            pool.shutdown(cancel_futures=True)


def _fetch_one(jar: Jar, scratch: Path, directory: Path, settings: EmbeddedSettings) -> None:
    """Fetch one jar, compare its digest, publish it. Any failure of the client means: not available."""
    from jgo.maven import MavenContext  # noqa: PLC0415 - a third of a second, needed once per machine

    mirror = {"mirror": settings.maven_mirror} if settings.maven_mirror else None
    context = MavenContext(repo_cache=scratch, remote_repos=mirror, timeout=_TIMEOUT_S)
    try:
        fetched = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    except Exception as error:  # the client's errors have no common type
        raise JarsUnavailableError(_advice(jar, settings, error)) from error
    actual = _digest(Path(fetched))
    if actual != jar.sha256:
        raise JarChecksumError(
            f"{jar} has the digest {actual}, pinned is {jar.sha256}. The repository, or something between it "
            "and this machine, changed the file; it was thrown away. "
            "Try another repository: ORESTREAM_MAVEN_MIRROR=URL."
        )
    os.replace(fetched, directory / jar.file_name)  # noqa: PTH105 - atomic on one file system


def _advice(jar: Jar, settings: EmbeddedSettings, error: Exception) -> str:
    return (
        f"{jar} could not be fetched ({type(error).__name__}: {error}). Kafka's jars are fetched once, into "
        f"{settings.cache_dir}. Without access to the public Maven repository either set "
        "ORESTREAM_MAVEN_MIRROR=URL, or copy that directory from a machine that has it, or use a running "
        "cluster: ORESTREAM_BOOTSTRAP_SERVERS=HOST:PORT."
    )
