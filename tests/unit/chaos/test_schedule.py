"""The plan of a chaos run: the seed alone decides it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orestream.chassis.steps import Step
from tests.chaos.faults.catalogue import KINDS, fitting
from tests.chaos.options import Options
from tests.chaos.schedule import CALM_AT_END, LATE_FROM_S, LATE_S, schedule

SEEDS = st.integers(0, 1 << 31)


@given(SEEDS, st.floats(30, 600))
def test_the_same_seed_makes_the_same_plan(seed: int, seconds: float) -> None:
    kinds = fitting(Options(seed))
    assert schedule(seed, seconds, kinds) == schedule(seed, seconds, kinds)


def test_another_seed_makes_another_plan() -> None:
    kinds = fitting(Options(1))
    assert len({schedule(seed, 300, kinds) for seed in range(20)}) == 20


@given(SEEDS, st.floats(30, 600))
def test_every_fault_is_healed_before_the_calm_at_the_end(seed: int, seconds: float) -> None:
    assert all(one.until <= seconds - CALM_AT_END for one in schedule(seed, seconds, fitting(Options(seed))))


@given(SEEDS)
def test_a_plan_is_in_order_and_each_fault_lasts_as_long_as_its_kind(seed: int) -> None:
    plan = schedule(seed, 600, fitting(Options(seed)))
    assert [one.at for one in plan] == sorted(one.at for one in plan)
    for one in plan:
        shortest, longest = KINDS[one.fault].lasts
        assert shortest - 0.01 <= one.lasts <= longest + 0.01


@given(SEEDS)
def test_no_fault_comes_twice_before_every_other_came_once(seed: int) -> None:
    kinds = fitting(Options(seed))
    plan = [one.fault for one in schedule(seed, 3600, kinds)]
    deck = {kind.name for kind in kinds if not kind.late}
    assert set(plan[: len(deck)]) == deck


@given(SEEDS, st.floats(LATE_FROM_S, 600))
def test_a_late_fault_comes_once_and_last(seed: int, seconds: float) -> None:
    plan = schedule(seed, seconds, fitting(Options(seed)))
    assert [KINDS[one.fault].late for one in plan] == [*(False for _ in plan[1:]), True]
    assert plan[-1].at == pytest.approx(seconds - LATE_S, abs=0.01)


@given(SEEDS)
def test_a_short_run_has_no_late_fault_unless_it_is_of_nothing_else(seed: int) -> None:
    mixed = schedule(seed, LATE_FROM_S - 1, fitting(Options(seed)))
    alone = schedule(seed, LATE_FROM_S - 1, fitting(Options(seed, only=("recovered-backup",))))
    assert not any(KINDS[one.fault].late for one in mixed)
    assert {one.fault for one in alone} == {"recovered-backup"}


def test_every_step_can_be_where_a_process_dies() -> None:
    assert {f"kill-at-{step}" for step in Step} <= set(KINDS)


def test_only_what_fits_the_run_is_chosen_from() -> None:
    files = {kind.name for kind in fitting(Options(1, store="sqlite", replicas=1))}
    assert "postgres-restart" not in files
    assert "leader-moves" not in files
    assert {"kill", "broker-kill"} <= files
    with pytest.raises(ValueError, match="postgres-restart"):
        fitting(Options(1, store="sqlite", only=("postgres-restart",)))


@given(SEEDS)
def test_nothing_else_is_planned_beside_a_fault_that_is_alone(seed: int) -> None:
    plan = schedule(seed, 3600, fitting(Options(seed)))
    for place, one in enumerate(plan):
        if KINDS[one.fault].alone:
            others = plan[:place] + plan[place + 1 :]
            assert not any(other.at < one.until and one.at < other.until for other in others)
