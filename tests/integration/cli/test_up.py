"""`orestream up`: ready when it says so, started again what dies, stopped in order, one run a directory."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orestream.contracts.topics import SERVICES
from tests.integration.cli.conftest import COMMAND, Shell
from tests.integration.cli.test_demo import alive, eventually
from tests.support.databases import DatabaseServer

CHAIN = Path(__file__).parents[2] / "examples" / "chain.jsonl"


class Up:
    """A running `orestream up`."""

    def __init__(self, directory: Path, *options: str) -> None:
        directory.mkdir(exist_ok=True)
        self.data_dir = directory / "data"
        self._output = directory / "up.txt"
        with self._output.open("a") as output:
            self._said_before = output.tell()
            self.process = subprocess.Popen(
                [COMMAND, "up", "--data-dir", str(self.data_dir), *options],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        return self._output.read_text()[self._said_before :]

    def shell(self) -> Shell:
        """The command line against it, once it is ready."""
        eventually(lambda: "ready bootstrap=" in self.text, lambda: self.text)
        return Shell(self.text.split("ready bootstrap=")[1].split()[0])

    def pid(self, name: str) -> int:
        return int((self.data_dir / "run" / f"{name}.pid").read_text())

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextmanager
def up(directory: Path, *options: str) -> Iterator[Up]:
    running = Up(directory, *options)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()


def send_chain(shell: Shell) -> None:
    done = shell.run("send", str(CHAIN), "--timeout", "180", within=240)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "36 accepted, 6 refused, 0 without" in done.stderr


def test_what_dies_is_started_again_and_nothing_is_lost_over_a_restart(tmp_path: Path) -> None:
    with up(tmp_path) as first:
        shell = first.shell()
        before = {name: first.pid(name) for name in ("kafka", *SERVICES)}
        os.kill(before["processing"], signal.SIGKILL)
        os.kill(before["kafka"], signal.SIGKILL)
        eventually(lambda: first.text.count("runs again") == 2, lambda: first.text)
        assert first.pid("kafka") != before["kafka"]
        assert first.pid("processing") != before["processing"]
        send_chain(shell)
        assert first.stop() == 0
        assert not list((first.data_dir / "run").glob("*.pid"))
    with up(tmp_path) as second:
        shell = second.shell()
        send_chain(shell)
        assert shell.json("verify")["clean"]


def test_a_directory_has_one_run_at_a_time(tmp_path: Path) -> None:
    with up(tmp_path) as first:
        first.shell()
        other = subprocess.run(
            [COMMAND, "up", "--data-dir", str(first.data_dir)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert other.returncode == 2
        assert "is in use by another run" in other.stderr
        assert alive(first.pid("kafka"))


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with up(tmp_path, "--port", port) as running:
            assert running.process.wait(60) == 2
            assert f"port {port} is taken" in running.text


@pytest.mark.parametrize("store", ["embedded", "server"])
def test_each_service_has_a_postgresql_database_of_its_own(
    tmp_path: Path, store: str, request: pytest.FixtureRequest
) -> None:
    option = "postgres"
    if store == "server":
        server: DatabaseServer = request.getfixturevalue("postgres")
        option = server.dsn(f"ore{os.getpid()}", "postgresql")
    with up(tmp_path, "--store", option) as running:
        send_chain(running.shell())
        assert (running.data_dir / "run" / "postgres.pid").exists() == (store == "embedded")
        assert running.stop() == 0
