"""The first shipment through a genuine Kafka and three processes, as an operator sends it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.chain import CHAIN, EXPECTED, commands, service_of, verdicts
from tests.support.systems import SERVICES, System, alive, running_system, written


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def system(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("system"), request.param) as running:
        yield running


def test_every_command_has_the_expected_outcome_in_file_order(system: System) -> None:
    outcomes = system.send(CHAIN)
    assert [outcome["command_id"] for outcome in outcomes] == list(EXPECTED)
    assert verdicts(outcomes) == EXPECTED
    system.verify()


def test_a_system_at_rest_has_nothing_left_to_take(system: System) -> None:
    """What stands behind the last record, the ends of transactions, is no work that anything is late with."""
    deadline = time.monotonic() + 60
    while system.lag() and time.monotonic() < deadline:
        time.sleep(0.5)
    assert system.lag() == 0


def test_sending_it_again_changes_nothing_and_answers_the_same(system: System) -> None:
    before = system.verify()["records"]
    outcomes = system.send(CHAIN)
    assert verdicts(outcomes) == EXPECTED
    assert all(outcome.get("repeat") for outcome in outcomes)
    after = system.verify()["records"]
    facts = [topic for topic in before if topic.endswith(("lots.v1", "shipments.v1", "settlements.v1"))]
    assert facts
    assert {topic: after[topic] for topic in facts} == {topic: before[topic] for topic in facts}


def test_the_recall_reaches_the_shipment_across_three_services(system: System) -> None:
    told = system.run("tail", "--from", "beginning", "--until-end", "--json")
    assert told.returncode == 0, told.stderr
    recalled = [
        record
        for record in map(json.loads, told.stdout.splitlines())
        if record["type"] == "orestream.shipment.recalled.v1"
    ]
    assert [(record["subject"], record["value"]["root"]) for record in recalled] == [
        ("SHP-0001", "LOT-SB-0002")
    ]


def test_the_whole_file_may_come_backwards_across_services(tmp_path: Path) -> None:
    """Later services first: what they need has not happened yet, so it waits."""
    backwards = [
        command for service in reversed(SERVICES) for command in commands() if service_of(command) == service
    ]
    with running_system(tmp_path / "system") as system:
        outcomes = system.send(written(tmp_path / "backwards.jsonl", backwards))
        assert verdicts(outcomes) == EXPECTED
        system.verify()


def test_stopping_leaves_no_process_behind(tmp_path: Path) -> None:
    system = System(tmp_path / "system")
    system.start()
    pids = [system.pid(name) for name in ("kafka", *SERVICES)]
    assert all(alive(pid) for pid in pids)
    assert system.stop() == 0
    assert not any(alive(pid) for pid in pids)
