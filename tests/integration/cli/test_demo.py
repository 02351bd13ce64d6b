"""`make demo`: the first shipment on a genuine Kafka, again and again, whatever is killed meanwhile."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orestream.cli.demo.scenario import scenario
from orestream.cli.embedded.node import KafkaNode
from orestream.contracts.topics import SERVICES
from tests.integration.cli.conftest import COMMAND, Shell

STAGES = [stage.title for stage in scenario().stages]
_PATIENCE_S = 240.0


class Demo:
    """A running demo whose output goes to a file."""

    def __init__(self, directory: Path, bootstrap: str | None = None) -> None:
        self.data_dir = directory / "data"
        self._output = directory / "demo.txt"
        environment = {
            name: value for name, value in os.environ.items() if name != "ORESTREAM_BOOTSTRAP_SERVERS"
        }
        if bootstrap is not None:
            environment["ORESTREAM_BOOTSTRAP_SERVERS"] = bootstrap
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [COMMAND, "demo", "--data-dir", str(self.data_dir)],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        """What it has said so far."""
        return self._output.read_text()

    def await_line(self, line: str) -> None:
        """Returns when it has said so."""
        eventually(lambda: line in self.text, lambda: f"{line!r} was not said:\n{self.text}")

    def pids(self) -> dict[str, int]:
        """The process ids of what it runs."""
        return {file.stem: int(file.read_text()) for file in (self.data_dir / "run").glob("*.pid")}

    def ended(self) -> int:
        """Its exit code."""
        return self.process.wait(_PATIENCE_S)


def eventually(holds: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(otherwise())
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()


@contextmanager
def started(directory: Path, bootstrap: str | None = None) -> Iterator[Demo]:
    directory.mkdir(exist_ok=True)
    demo = Demo(directory, bootstrap)
    try:
        yield demo
    finally:
        if demo.process.poll() is None:
            demo.process.kill()
            demo.process.wait()


def test_it_comes_out_as_expected_with_an_embedded_broker(tmp_path: Path) -> None:
    with started(tmp_path) as demo:
        assert demo.ended() == 0, demo.text
    said = demo.text
    positions = [said.index(title) for title in STAGES]
    assert positions == sorted(positions)
    for part in (
        *("shipped", "balances", "from ore to ship", "rules that fired", "records by topic"),
        *("verified from the topics alone", "every kilogram is somewhere", "as expected: all 83 commands"),
        *("SRC-SB-9", "SRC-CU-9", "SRC-RE-9", "Nd2O3", "gain, quarantined", "waiting   demo-p-01"),
    ):
        assert part in said
    assert "wrong" not in said.replace("not wrong", "")
    assert not demo.pids()


def test_twice_on_one_cluster_with_every_service_killed_in_the_first(
    tmp_path: Path, fresh_kafka: KafkaNode
) -> None:
    with started(tmp_path / "one", fresh_kafka.bootstrap) as demo:
        for service, title in zip(SERVICES, STAGES[2:], strict=False):
            demo.await_line(title)
            os.kill(demo.pids()[service], signal.SIGKILL)
        assert demo.ended() == 0, demo.text
        assert re.search(r"mining died; it is started again", demo.text)
    with started(tmp_path / "two", fresh_kafka.bootstrap) as again:
        assert again.ended() == 0, again.text
    shell = Shell(fresh_kafka.bootstrap)
    verified = shell.json("verify")
    assert verified["clean"], verified
    # only the catalogue of the default site is missing, so nothing of the two runs' own sites was left
    missing = shell.json("topics", "plan")["steps"]
    assert len(missing) == 3 * len(SERVICES)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_leaves_no_process_behind_however_it_is_ended(tmp_path: Path, how: signal.Signals) -> None:
    with started(tmp_path) as demo:
        demo.await_line(STAGES[1])
        pids = demo.pids()
        assert set(pids) == {"kafka", *SERVICES}
        demo.process.send_signal(how)
        code = demo.ended()
    assert code == (-how if how == signal.SIGKILL else 130)
    eventually(lambda: not any(alive(pid) for pid in pids.values()), lambda: f"still there: {pids}")
