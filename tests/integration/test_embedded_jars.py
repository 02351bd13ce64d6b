"""The jars of the broker: only the pinned bytes get into the cache, and every failure says what to do."""

import gc
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from orestream.cli.embedded.errors import JarChecksumError, JarsUnavailableError
from orestream.cli.embedded.jars import Jar, ensure_jars, pinned_jars
from orestream.cli.embedded.settings import EmbeddedSettings

# the Maven client leaves sockets of failed requests to the garbage collector; `settings` collects them here
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CONTENT = b"not really a jar, but pinned like one"


def jar(name: str, content: bytes = CONTENT) -> Jar:
    return Jar("org.example", name, "1.0", hashlib.sha256(content).hexdigest())


class Repository:
    """A Maven repository in memory that counts what is asked of it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []

    def publish(self, name: str, content: bytes = CONTENT) -> None:
        self.files[f"/org/example/{name}/1.0/{name}-1.0.jar"] = content


@contextmanager
def _serving() -> Iterator[Repository]:
    served = Repository("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = served.files.get(self.path)
            served.asked.append(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        do_HEAD = do_GET  # noqa: N815 - named by the base class

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def repository() -> Iterator[Repository]:
    with _serving() as served:
        yield served


@pytest.fixture
def settings(repository: Repository, tmp_path: Path) -> Iterator[EmbeddedSettings]:
    yield EmbeddedSettings(cache_dir=tmp_path / "cache", maven_mirror=repository.url)
    gc.collect()


def visible(settings: EmbeddedSettings) -> list[str]:
    return sorted(path.name for path in (settings.cache_dir / "jars").iterdir() if path.suffix == ".jar")


def test_the_lock_file_pins_the_broker_with_a_digest_for_every_jar() -> None:
    jars = pinned_jars()
    assert len(jars) == len({pinned.file_name for pinned in jars})
    assert all(len(bytes.fromhex(pinned.sha256)) == 32 for pinned in jars)
    assert {"kafka_2.13", "kafka-clients", "kafka-tools"} <= {pinned.artifact for pinned in jars}
    assert {pinned.version for pinned in jars if pinned.group == "org.apache.kafka"} == {"4.3.1"}


def test_jars_are_fetched_once_and_counted_as_they_arrive(
    repository: Repository, settings: EmbeddedSettings
) -> None:
    wanted = tuple(jar(f"part{number}") for number in range(6))
    for each in wanted:
        repository.publish(each.artifact)
    told: list[tuple[int, int]] = []
    paths = ensure_jars(settings, wanted, lambda done, total: told.append((done, total)))
    assert [path.read_bytes() for path in paths] == [CONTENT] * 6
    assert told == [(done, 6) for done in range(1, 7)]
    asked = len(repository.asked)
    assert ensure_jars(settings, wanted) == paths
    assert len(repository.asked) == asked


def test_a_jar_damaged_in_the_cache_is_fetched_again(
    repository: Repository, settings: EmbeddedSettings
) -> None:
    repository.publish("part")
    (path,) = ensure_jars(settings, (jar("part"),))
    path.write_bytes(CONTENT[:5])
    ensure_jars(settings, (jar("part"),))
    assert path.read_bytes() == CONTENT


def test_other_bytes_than_the_pinned_ones_are_refused_and_thrown_away(
    repository: Repository, settings: EmbeddedSettings
) -> None:
    repository.publish("part", b"something else")
    with pytest.raises(JarChecksumError, match=r"org\.example:part:1\.0 has the digest"):
        ensure_jars(settings, (jar("part"),))
    assert visible(settings) == []


def test_a_jar_that_cannot_be_fetched_says_what_to_do(
    repository: Repository, settings: EmbeddedSettings
) -> None:
    with pytest.raises(JarsUnavailableError) as raised:
        ensure_jars(settings, (jar("absent"),))
    for advice in ("org.example:absent:1.0", "ORESTREAM_MAVEN_MIRROR", "ORESTREAM_BOOTSTRAP_SERVERS"):
        assert advice in str(raised.value)


def test_a_machine_without_network_says_what_to_do(settings: EmbeddedSettings) -> None:
    nowhere = settings.model_copy(update={"maven_mirror": "http://127.0.0.1:9"})
    with pytest.raises(JarsUnavailableError, match="ORESTREAM_MAVEN_MIRROR"):
        ensure_jars(nowhere, (jar("part"),))


def test_a_cache_that_cannot_be_written_names_its_setting(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    with pytest.raises(JarsUnavailableError, match="ORESTREAM_CACHE_DIR"):
        ensure_jars(EmbeddedSettings(cache_dir=in_the_way), (jar("part"),))


def test_starts_at_the_same_time_fetch_each_jar_once(
    repository: Repository, settings: EmbeddedSettings
) -> None:
    wanted = tuple(jar(f"part{number}") for number in range(4))
    for each in wanted:
        repository.publish(each.artifact)
    with ThreadPoolExecutor(3) as starts:
        results = list(starts.map(lambda _: ensure_jars(settings, wanted), range(3)))
    assert results[0] == results[1] == results[2]
    assert sorted(path for path in repository.asked if path.endswith(".jar")) == sorted(repository.files)
