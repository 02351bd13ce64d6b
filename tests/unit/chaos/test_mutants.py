"""The mutants fit the chassis as it is: what each of them takes out is still there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos import breaking
from tests.chaos.faults.catalogue import KINDS
from tests.chaos.mutants import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=list(MUTANTS))
def test_what_a_mutant_takes_out_is_there(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []

    def put(owner: Any, name: str, new: Any) -> None:
        monkeypatch.setattr(owner, name, new)
        taken.append(name)

    monkeypatch.setattr(breaking, "_put", put)
    mutant.break_it()
    assert taken


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=list(MUTANTS))
def test_a_mutant_does_its_harm_under_faults_that_there_are(mutant: Mutant) -> None:
    assert set(mutant.faults) <= set(KINDS)
    assert mutant.noticed_by


def test_a_mutant_of_something_that_is_gone_is_refused() -> None:
    with pytest.raises(AttributeError, match="no longer fits"):
        breaking._put(breaking, "what_was_here_once", None)
