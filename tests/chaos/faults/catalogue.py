"""Every fault there is, by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from orestream.chassis.steps import Step
from tests.chaos.faults.backup import RestoredBackup
from tests.chaos.faults.brokers import FreezeBroker, KillBroker, MoveLeaders
from tests.chaos.faults.fault import Kind
from tests.chaos.faults.late_end import LateEndThenKill
from tests.chaos.faults.lines import (
    HELD_BACK_S,
    MakeRule,
    OnTheLine,
    cut,
    double_answers,
    double_requests,
    hold_end_back,
    lose_answers,
    lose_commit_answers,
    lose_requests,
    slow,
)
from tests.chaos.faults.postgres import Deadlock, EndConnections, ExhaustConnections, RestartPostgres
from tests.chaos.faults.processes import Freeze, Kill, KillRelay, Rolling, Scale, Terminate
from tests.chaos.faults.promoted import PromotedReplica
from tests.chaos.faults.steps import AtStep, ClockJump, KillBrokerAtEnd
from tests.chaos.faults.topics import OpenTransaction, SmallRecords
from tests.chaos.options import Options

BEYOND_TIMEOUTS = (11.0, 13.0)
"""Longer than a session (6 s), a lease (4 s) and a transaction (10 s) last."""
BEYOND_ANSWERS = (7.0, 9.0)
"""Longer than an answer of Kafka is awaited (5 s)."""
_POSTGRES, _THREE, _REPLICAS = "postgres", "three nodes", "replicas"


def _at_steps() -> list[Kind]:
    kinds = []
    for step in Step:
        make = partial(AtStep, step=step)
        kinds += [
            Kind(f"kill-at-{step}", partial(make, action="kill")),
            Kind(f"stop-at-{step}", partial(make, action="stop"), BEYOND_TIMEOUTS),
            Kind(f"sleep-at-{step}", partial(make, action="sleep"), (1.0, 6.0)),
            Kind(f"lose-at-{step}", partial(make, action="lose")),
        ]
    return kinds


def _on_lines() -> list[Kind]:
    def kind(name: str, rule: MakeRule, towards: str, lasts: tuple[float, float]) -> Kind:
        needs = frozenset({_POSTGRES}) if towards == "postgres" else frozenset[str]()
        return Kind(name, partial(OnTheLine, make_rule=rule, towards=towards), lasts, needs)

    return [
        kind("slow-kafka", slow, "kafka", (3.0, 6.0)),
        kind("cut-kafka", cut, "kafka", (3.0, 6.0)),
        kind("lost-requests", lose_requests, "kafka", BEYOND_ANSWERS),
        kind("lost-answers", lose_answers, "kafka", BEYOND_ANSWERS),
        kind("doubled-requests", double_requests, "kafka", (3.0, 6.0)),
        kind("doubled-answers", double_answers, "kafka", (3.0, 6.0)),
        kind("late-end", hold_end_back, "kafka", (HELD_BACK_S + 2, HELD_BACK_S + 4)),
        kind("slow-database", slow, "postgres", (3.0, 6.0)),
        kind("cut-database", cut, "postgres", (3.0, 6.0)),
        kind("lost-statements", lose_requests, "postgres", BEYOND_ANSWERS),
        kind("lost-commit-answers", lose_commit_answers, "postgres", (3.0, 6.0)),
    ]


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("kill", Kill),
        Kind("kill-relay", KillRelay),
        Kind("stop", Freeze, BEYOND_TIMEOUTS),
        Kind("stop-relay", partial(Freeze, relay=True), BEYOND_TIMEOUTS),
        Kind("terminate", Terminate),
        Kind("rolling-restart", Rolling, alone=True),
        Kind("scale", Scale, (6.0, 10.0), frozenset({_POSTGRES})),
        Kind("clock-jump", ClockJump, (4.0, 6.0)),
        Kind("broker-kill", KillBroker, (0.5, 6.0)),
        Kind("broker-kill-at-ended", KillBrokerAtEnd, (0.2, 1.0), alone=True),
        Kind("broker-stop", FreezeBroker, (6.0, 9.0)),
        Kind("leader-moves", MoveLeaders, (0.0, 0.0), frozenset({_THREE})),
        Kind("postgres-restart", RestartPostgres, (0.0, 0.0), frozenset({_POSTGRES})),
        Kind("database-connections", EndConnections, (3.0, 6.0), frozenset({_POSTGRES})),
        Kind("pool-exhausted", ExhaustConnections, (3.0, 6.0), frozenset({_POSTGRES})),
        Kind("deadlock", Deadlock, (3.0, 5.0), frozenset({_POSTGRES})),
        Kind("open-transaction", OpenTransaction, (4.0, 7.0)),
        Kind("small-records", SmallRecords, (3.0, 6.0)),
        Kind("restored-backup", RestoredBackup, (1.0, 2.0), alone=True),
        Kind("recovered-backup", partial(RestoredBackup, recover=True), (1.0, 2.0), alone=True, late=True),
        Kind("promoted-replica", PromotedReplica, (1.0, 2.0), frozenset({_POSTGRES}), alone=True, late=True),
        Kind("late-end-then-kill", LateEndThenKill, (1.0, 3.0)),
        *_on_lines(),
        *_at_steps(),
    )
}


def fitting(options: Options) -> list[Kind]:
    """The faults that may come in such a run. Raises ValueError for a name that is none, or does not fit."""
    has = {_POSTGRES: options.store == "postgres", _THREE: options.nodes > 1, _REPLICAS: options.replicas > 1}
    fit = {kind.name: kind for kind in KINDS.values() if all(has[need] for need in kind.needs)}
    for name in options.only:
        if name not in fit:
            raise ValueError(f"{name!r} is no fault of such a run; there are: {', '.join(fit)}")
    return [fit[name] for name in options.only] or list(fit.values())
