"""The models with a search of more than a moment; `tests/unit/model` has the others."""

import pytest

from tests.model.catalogue import CASES, Case
from tests.model.search import search


@pytest.mark.parametrize("case", [case for case in CASES if not case.quick], ids=str)
def test_a_model_holds_as_designed_and_breaks_without_a_protection(case: Case) -> None:
    result = search(case.build())
    assert result.kind in case.expected, str(result.counterexample)
