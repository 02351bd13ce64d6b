"""kill -9 of each service in the middle of the load changes nothing in the end."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.support.chain import many, verdicts
from tests.support.systems import SERVICES, System, running_system, written

SHIPMENTS = 12
KILLING_S = 25


def kill_in_turn(system: System, killed: list[str], stop: threading.Event) -> None:
    """Kills one service after the other, each as soon as the last one is back, until told to stop."""
    while not stop.wait(0.5):
        name = SERVICES[len(killed) % len(SERVICES)]
        system.await_restart(name, system.kill(name))
        killed.append(name)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_killing_services_in_the_middle_of_the_load_changes_nothing(tmp_path: Path, store: str) -> None:
    commands, expected = many(SHIPMENTS)
    file = written(tmp_path / "load.jsonl", commands)
    killed: list[str] = []
    stop = threading.Event()
    with running_system(tmp_path / "system", store) as system:
        killer = threading.Thread(target=kill_in_turn, args=(system, killed, stop))
        threading.Timer(KILLING_S, stop.set).start()
        killer.start()
        try:
            outcomes = system.send(file, timeout=300)
        finally:
            stop.set()
            killer.join()
        assert set(killed) == set(SERVICES), f"too fast to be killed in the middle: {killed}"
        assert verdicts(outcomes) == expected
        system.verify()
        assert verdicts(system.send(file)) == expected
        system.verify()
