"""A minute of chaos on each kind of store: everything that `make chaos` checks holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chaos.options import Options, Store
from tests.chaos.run import execute

RUNS: list[tuple[Store, int, int]] = [("postgres", 2, 101), ("sqlite", 1, 202)]
"""Store, replicas of each service, seed."""


@pytest.mark.broker
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("store", "replicas", "seed"), RUNS)
def test_nothing_is_lost_doubled_or_reordered_under_faults(
    tmp_path: Path, store: Store, replicas: int, seed: int
) -> None:
    options = Options(seed, minutes=0.8, rate=15, store=store, replicas=replicas, out=tmp_path)
    held = execute(options)
    report = json.loads((options.directory / "report.json").read_text())
    assert held, f"{options.command()}: {report['trouble']} {_broken(report)}"
    assert sum(report["faults"].values()) > 3
    assert all(check["examined"] for check in report["checks"] if check["check"] in EXAMINED)


EXAMINED = {"one-final-outcome", "nothing-lost", "byte-for-byte", "states-are-the-fold", "mass-is-conserved"}


def _broken(report: dict[str, object]) -> list[object]:
    checks = report["checks"]
    assert isinstance(checks, list)
    return [(check["check"], check["findings"]) for check in checks if not check["holds"]]
