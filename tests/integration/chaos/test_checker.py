"""The checker finds nothing wrong with a genuine run, and each thing that is planted in its evidence."""

from __future__ import annotations

import pytest

from tests.chaos.checker.checking import CHECKS, check
from tests.chaos.checker.evidence import Evidence
from tests.support.planted import Plant
from tests.support.plants import GRAMS, MASS, PLANTS


def broken(evidence: Evidence) -> dict[str, tuple[str, ...]]:
    return {verdict.check: verdict.findings for verdict in check(evidence) if not verdict.holds}


def test_a_genuine_run_has_nothing_wrong_and_every_check_had_something_to_look_at(evidence: Evidence) -> None:
    verdicts = check(evidence)
    assert {verdict.check: verdict.findings for verdict in verdicts if verdict.findings} == {}
    assert [verdict.check for verdict in verdicts if not verdict.examined] == []


def test_every_check_has_a_plant_that_it_is_meant_to_catch(evidence: Evidence) -> None:
    names = {verdict.check for verdict in check(evidence)}
    assert len(names) == len(CHECKS)
    assert names == {*PLANTS.values(), MASS}


@pytest.mark.parametrize(("plant", "name"), PLANTS.items(), ids=[plant.__name__ for plant in PLANTS])
def test_what_is_planted_is_caught_by_the_check_that_is_meant_to(
    evidence: Evidence, plant: Plant, name: str
) -> None:
    found = broken(plant(evidence))
    assert name in found
    assert found[name][0]


@pytest.mark.parametrize("where", GRAMS)
def test_a_gram_too_much_is_seen_by_the_mass_check_alone(evidence: Evidence, where: str) -> None:
    assert list(broken(GRAMS[where](evidence))) == [MASS]


def test_planting_leaves_the_genuine_evidence_as_it_was(evidence: Evidence) -> None:
    for plant in PLANTS:
        plant(evidence)
    assert broken(evidence) == {}
