"""How the bench keeps to its sizes and its time: rounds, dropped repeats, what a failed system leaves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from orestream.cli.embedded.cluster import PostgresCluster
from orestream.cli.embedded.node import KafkaNode
from orestream.cli.embedded.runtime import Runtime
from tests.bench.harness import rounds as measured_rounds
from tests.bench.harness.bench import DEFAULT, FULL, QUICK, Bench, Sizes
from tests.bench.harness.figures import Cost
from tests.bench.harness.pipeline import Place, Program, Run, System
from tests.bench.harness.rounds import rounds
from tests.bench.harness.stage import NotMeasured


@dataclass
class Stand:
    """In place of real runs: what each system gives in turn, and the order in which they were asked."""

    rates: dict[str, list[float]]
    asked: list[str]

    def run_once(self, _bench: Bench, _master: object, system: System, _records: int) -> Run:
        self.asked.append(system.name)
        if not self.rates[system.name]:
            raise NotMeasured("it stalled")
        return Run(self.rates[system.name].pop(0), Cost(1.0, None, 1.0), 50.0)


class Filled:
    """A master topic that is there."""

    def __init__(self, bootstrap: str) -> None:
        pass

    def fill(self, records: int) -> None:
        pass


def bench(sizes: Sizes, tmp_path: Path) -> Bench:
    runtime = cast("Runtime", None)
    return Bench(
        sizes, tmp_path, runtime, KafkaNode(tmp_path, runtime), PostgresCluster(tmp_path), lambda _line: None
    )


def system(name: str, missing: str | None = None) -> System:
    def programs(_place: Place) -> Sequence[Program]:
        return ()

    return System(name, "none", programs, missing=lambda: missing)


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Stand:
    # the first run is the one that warms the broker up
    found = Stand({"a": [1.0, 10.0, 30.0, 20.0], "b": [5.0, 6.0, 7.0], "broken": []}, [])
    monkeypatch.setattr(measured_rounds, "run_once", found.run_once)
    monkeypatch.setattr(measured_rounds, "Master", Filled)
    return found


async def test_systems_are_measured_in_turns_after_a_run_that_does_not_count(
    stand: Stand, tmp_path: Path
) -> None:
    figures = await rounds(bench(DEFAULT, tmp_path), "x", (system("a"), system("b")))
    assert stand.asked == ["a", "a", "b", "a", "b", "a", "b"]
    assert [figure.values for figure in figures] == [(10.0, 30.0, 20.0), (5.0, 6.0, 7.0)]


async def test_a_system_that_fails_is_not_tried_again_and_stays_in_the_table(
    stand: Stand, tmp_path: Path
) -> None:
    figures = await rounds(bench(DEFAULT, tmp_path), "x", (system("a"), system("broken")))
    assert stand.asked.count("broken") == 1
    assert not figures[1].measured
    assert "it stalled" in figures[1].note


async def test_a_system_that_is_missing_here_is_shown_with_its_reason(stand: Stand, tmp_path: Path) -> None:
    figures = await rounds(bench(DEFAULT, tmp_path), "x", (system("a"), system("b", missing="no Maven")))
    assert "b" not in stand.asked
    assert figures[1].note.endswith("not measured: no Maven")


async def test_repeats_that_the_time_does_not_allow_are_dropped_and_said(
    stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    surroundings = bench(DEFAULT, tmp_path)
    surroundings.deadline = 0.0
    figures = await rounds(surroundings, "x", (system("a"),))
    assert not figures[0].measured
    assert "3 repeats dropped for want of time" in figures[0].note


async def test_a_bench_of_one_repeat_measures_once(stand: Stand, tmp_path: Path) -> None:
    await rounds(bench(replace(QUICK, repeats=1), tmp_path), "x", (system("b"),))
    assert stand.asked == ["b", "b"]


def test_only_the_full_bench_has_no_limit_of_time() -> None:
    assert FULL.budget_s is None
    assert QUICK.budget_s is not None
    assert QUICK.budget_s <= 3 * 60
    assert DEFAULT.budget_s is not None
    assert DEFAULT.budget_s <= 20 * 60
