"""One genuine run for the whole session, and what the checker gathers of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.gathering import gather
from tests.support.genuine_run import record_run
from tests.support.systems import System, running_system


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has become quiet, on a system that still answers."""

    system: System
    directory: Path
    evidence: Evidence


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The services have stopped taking anything in when this is given out."""
    directory = tmp_path_factory.mktemp("genuine")
    with running_system(directory / "system") as system:
        record_run(system, directory / "run")
        yield Run(system, directory / "run", gather(directory / "run"))


@pytest.fixture(scope="session")
def evidence(run: Run) -> Evidence:
    """What the run left behind, with nothing wrong in it."""
    return run.evidence
