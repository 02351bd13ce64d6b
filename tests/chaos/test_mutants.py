"""A chaos run notices a broken build of the chassis; all the others take `make mutants`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.mutants import MUTANTS
from tests.chaos.mutation import killed_by
from tests.chaos.options import Options


@pytest.mark.broker
@pytest.mark.timeout(600)
def test_a_chaos_run_notices_when_every_replica_relays(tmp_path: Path) -> None:
    noticed = killed_by(MUTANTS["relays-not-fenced"], Options(1, minutes=0.15, out=tmp_path))
    assert noticed, "the run found nothing wrong"
    assert noticed[0] == "no-duplicate-id"
