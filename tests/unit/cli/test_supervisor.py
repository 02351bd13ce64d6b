"""Servers are started in order, started again when they die, and stopped in reverse order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from orestream.cli.embedded.errors import ChildFailedError
from orestream.cli.supervisor import Supervisor


class Pretended:
    """A server that is only a number."""

    pids = iter(range(1000, 9999))

    def __init__(self, log: list[str], name: str, failures: int = 0) -> None:
        self._log = log
        self._name = name
        self._failures = failures
        self.pid = 0
        self.running = False

    @property
    def log(self) -> Path:
        return Path(f"{self._name}.log")

    async def start(self) -> None:
        await asyncio.sleep(0)
        if self._failures:
            self._failures -= 1
            raise ChildFailedError(f"{self._name} ended")
        self.pid = next(self.pids)
        self.running = True
        self._log.append(f"{self._name} started")

    async def stop(self, grace_s: float = 1.0) -> None:  # noqa: ARG002 - the protocol's
        self.running = False
        self._log.append(f"{self._name} stopped")

    def die(self) -> None:
        self.running = False


@asynccontextmanager
async def watched(supervisor: Supervisor) -> AsyncIterator[None]:
    watching = asyncio.create_task(supervisor.watch())
    try:
        yield
    finally:
        watching.cancel()


def pid_files(directory: Path) -> list[Path]:
    return list(directory.glob("*.pid"))


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - what is waited for does not announce itself
            await asyncio.sleep(0.005)


async def test_the_process_id_of_each_server_is_on_file_while_it_runs(tmp_path: Path) -> None:
    log: list[str] = []
    server = Pretended(log, "kafka")
    supervisor = Supervisor(tmp_path / "run", log.append, first_pause=0.01)
    await supervisor.start(("kafka", server))
    assert (tmp_path / "run" / "kafka.pid").read_text() == str(server.pid)
    await supervisor.stop()
    assert not pid_files(tmp_path / "run")


async def test_the_last_started_is_stopped_first(tmp_path: Path) -> None:
    log: list[str] = []
    supervisor = Supervisor(tmp_path, lambda _: None, first_pause=0.01)
    await supervisor.start(("kafka", Pretended(log, "kafka")))
    await supervisor.start(("mining", Pretended(log, "mining")), ("export", Pretended(log, "export")))
    await supervisor.stop()
    assert log[-3:] == ["export stopped", "mining stopped", "kafka stopped"]


async def test_what_dies_is_started_again_with_a_new_process_id(tmp_path: Path) -> None:
    notices: list[str] = []
    server = Pretended([], "mining")
    supervisor = Supervisor(tmp_path, notices.append, first_pause=0.01)
    await supervisor.start(("mining", server))
    before = server.pid
    async with watched(supervisor):
        server.die()
        await eventually(lambda: server.running)
        await eventually(lambda: (tmp_path / "mining.pid").read_text() == str(server.pid))
    assert server.pid != before
    assert "mining died" in notices[0]
    assert "mining.log" in notices[0]


async def test_a_start_that_fails_is_tried_again_with_a_longer_pause(tmp_path: Path) -> None:
    notices: list[str] = []
    server = Pretended([], "mining")
    supervisor = Supervisor(tmp_path, notices.append, first_pause=0.01)
    await supervisor.start(("mining", server))
    server._failures = 2
    async with watched(supervisor):
        server.die()
        await eventually(lambda: server.running)
    pauses = [float(line.split(" in ")[1].split(" s")[0]) for line in notices if "died" in line]
    assert len(pauses) == 3
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1]
    assert sum("did not start" in line for line in notices) == 2


async def test_one_servers_restart_does_not_hold_up_anothers(tmp_path: Path) -> None:
    broken, sound = Pretended([], "mining"), Pretended([], "export")
    supervisor = Supervisor(tmp_path, lambda _: None, first_pause=0.01)
    await supervisor.start(("mining", broken), ("export", sound))
    broken._failures = 10**6
    async with watched(supervisor):
        broken.die()
        sound.die()
        await eventually(lambda: sound.running)
    assert not broken.running


async def test_a_first_start_that_fails_is_an_error_and_stops_what_runs(tmp_path: Path) -> None:
    log: list[str] = []
    supervisor = Supervisor(tmp_path, lambda _: None, first_pause=0.01)
    with pytest.raises(ChildFailedError):
        await supervisor.start(("mining", Pretended(log, "mining")), ("export", Pretended(log, "export", 1)))
    await supervisor.stop()
    assert "mining stopped" in log


async def test_stopping_ends_a_restart_that_is_under_way(tmp_path: Path) -> None:
    server = Pretended([], "mining")
    supervisor = Supervisor(tmp_path, lambda _: None, first_pause=0.01)
    await supervisor.start(("mining", server))
    server._failures = 10**6
    async with watched(supervisor):
        server.die()
        await asyncio.sleep(0.05)
    await supervisor.stop()
    assert not pid_files(tmp_path)
