"""Every model and every variant of it, with what is expected of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.model.chunks import Chunks
from tests.model.lanes import Lanes
from tests.model.offsets import Offsets
from tests.model.parking import Parking
from tests.model.recover import Recover
from tests.model.relay import Relaying
from tests.model.search import Model
from tests.model.transaction import Command

HOLDS = "holds"
SHARED = frozenset({"share"})
PROMOTED = frozenset({"promote"})


@dataclass(frozen=True, slots=True)
class Case:
    """One model with one protection missing, or none."""

    model: str
    variant: str
    expected: frozenset[str]
    """Any of these kinds, or `holds`."""
    build: Callable[[], Model[Any]]
    deep: Callable[[], Model[Any]] | None = None
    """With larger bounds; by default the same."""
    quick: bool = True
    """Takes about a second or less."""

    def __str__(self) -> str:
        return f"{self.model}: {self.variant}"


def _case(model: str, variant: str, expected: str, build: Callable[[], Model[Any]], **more: Any) -> Case:
    return Case(model, variant, frozenset(expected.split("/")), build, **more)


OFFSETS = (
    _case("offsets", "as designed", HOLDS, lambda: Offsets(records=2), deep=Offsets, quick=False),
    _case("offsets", "no compare-and-set", "duplicate", lambda: Offsets("no-compare")),
    _case("offsets", "batches not tagged with the generation", "loss", lambda: Offsets("no-generation")),
    _case("offsets", "an epoch without proof of ownership", "stuck", lambda: Offsets("epoch", records=1)),
    _case("offsets", "no seek after a batch is dropped", "loss", lambda: Offsets("no-seek")),
)
RELAY = (
    _case("relay", "as designed", HOLDS, Relaying),
    _case("relay", "cursor's partition shared", HOLDS, lambda: Relaying(faults=SHARED), quick=False),
    _case("relay", "lagging database promoted", HOLDS, lambda: Relaying(faults=PROMOTED), quick=False),
    _case("relay", "no lease", "livelock", lambda: Relaying("lease")),
    _case("relay", "a lease that can lapse within a transaction", "livelock", lambda: Relaying("renewal")),
    _case(
        "relay",
        "cursor read to the last stable offset",
        "false alarm",
        lambda: Relaying("watermark", SHARED),
    ),
    _case(
        "relay",
        "the same, and not compared with what is visible",
        "duplicate",
        lambda: Relaying("watermark-uncompared", SHARED),
    ),
    _case("relay", "cursor read before the fence", "duplicate", lambda: Relaying("fence-first")),
    _case("relay", "cursor not read again before an alarm", "false alarm", lambda: Relaying("read-again")),
    _case("relay", "pruned before the commit is known", "false alarm", lambda: Relaying("prune-early")),
    _case(
        "relay",
        "the same, and rows not checked one by one",
        "loss",
        lambda: Relaying("prune-early-unchecked"),
    ),
    _case("relay", "numbers not in commit order", "false alarm", lambda: Relaying("commit-order")),
    _case(
        "relay",
        "the same, and rows not checked one by one",
        "loss",
        lambda: Relaying("commit-order-unchecked"),
    ),
    _case("relay", "EndTxn repeated inside the client", "torn/duplicate", lambda: Relaying("once")),
    _case("relay", "futures not awaited", "torn/loss", lambda: Relaying("await")),
    _case(
        "relay",
        "promoted, and only 'cursor ahead' checked",
        "divergence",
        lambda: Relaying("links", PROMOTED),
    ),
)


def _lanes(without: str, scenario: tuple[Any, ...], **more: Any) -> Lanes:
    commands, *partitions = scenario
    return Lanes(commands, tuple(partitions), without, **more)


# -1 and -2 are facts that raise things 0 and 1 by a level.
WAIT = (Command(0, ((0, 1),)),), (0,), (-1,)
TWICE = (Command(0, ((0, 2),)), Command(1, ((0, 2),))), (0,), (1,), (-1, -1)
BRINGER_WAITS = (Command(0, ((0, 1),)), Command(0, ((1, 1),), 0)), (0, 1), (-2,)
BRINGER_BEHIND = (Command(0, ((0, 1),)), Command(0), Command(0, (), 0)), (0, 1, 2)
OVERTAKER = (Command(0, ((0, 1),)), Command(0, (), 0)), (0, 1), (-1,)
REPEAT = (Command(0, ((0, 1),)),), (0, 0), (-1,)
LATE = (Command(0, ((0, 1),)), Command(0, ((0, 1),))), (0, 1), (-1,)
LATE_ALONE = (Command(0, ((0, 1),)), Command(0)), (0, 1)
SKEW = (Command(0, (), 0, 1), Command(1, (), 1, 0)), (0,), (1,)
CROSSED = (
    (Command(0, ((1, 1),)), Command(0, (), 0), Command(1, ((0, 1),)), Command(1, (), 1)),
    (0, 1),
    (2, 3),
)
REBORN = (Command(0, ((0, 1),)), Command(0, ((1, 1),))), (0, 1), (-1, -2)
BATCHES = (Command(0, ((1, 1),)), Command(0, ((0, 1),), 1), Command(1, ((1, 1),), 0)), (0, 1), (2, -1)
TWO_KEYS: dict[str, Any] = {"keys": 2, "things": 2}


def _lane(variant: str, expected: str, build: Callable[..., Lanes], *, quick: bool = True) -> Case:
    if expected == HOLDS:
        return _case("lanes", variant, expected, build, deep=lambda: build(processes=3), quick=quick)
    return _case("lanes", variant, expected, build, quick=quick)


LANES = (
    _lane("as designed: one waits", HOLDS, lambda **more: _lanes("", WAIT, **more)),
    _lane(
        "as designed: two keys wait for a second change",
        HOLDS,
        lambda **more: _lanes("", TWICE, keys=2, **more),
        quick=False,
    ),
    _lane(
        "as designed: a bringer waits itself",
        HOLDS,
        lambda **more: _lanes("", BRINGER_WAITS, things=2, **more),
    ),
    _lane("as designed: a bringer behind another", HOLDS, lambda **more: _lanes("", BRINGER_BEHIND, **more)),
    _lane(
        "as designed: a bringer arrives with the fact", HOLDS, lambda **more: _lanes("", OVERTAKER, **more)
    ),
    _lane("as designed: a repeat", HOLDS, lambda **more: _lanes("", REPEAT, **more)),
    _lane("as designed: expiry races the fact", HOLDS, lambda **more: _lanes("", LATE, expiry=True, **more)),
    _lane(
        "as designed: two that exclude each other",
        HOLDS,
        lambda **more: _lanes("", SKEW, **TWO_KEYS, **more),
    ),
    _case(
        "lanes",
        "as designed: crossed heads end at the deadline",
        HOLDS,
        lambda: _lanes("", CROSSED, expiry=True, **TWO_KEYS),
        quick=False,
    ),
    _lane(
        "as designed: a lane emptied and filled again",
        HOLDS,
        lambda **more: _lanes("", REBORN, things=2, **(more | {"processes": 2})),
    ),
    _lane(
        "as designed: batches of two", HOLDS, lambda **more: _lanes("", BATCHES, batch=2, **TWO_KEYS, **more)
    ),
    _lane("no version raised by what waits", "lost wake-up", lambda: _lanes("waits-raise", WAIT)),
    _lane("no version raised by the fact", "lost wake-up", lambda: _lanes("fact-raises", WAIT)),
    _lane(
        "versions raised on placeholders only",
        "lost wake-up",
        lambda: _lanes("raise-existing", TWICE, keys=2),
    ),
    _lane(
        "lanes marked ready in a second transaction", "lost wake-up", lambda: _lanes("woken-together", WAIT)
    ),
    _lane(
        "the lane's version not checked when draining",
        "lost wake-up",
        lambda: _lanes("lane-when-draining", OVERTAKER),
    ),
    _lane(
        "the lane not locked on arrival", "lost wake-up", lambda: _lanes("lane-on-arrival", REBORN, things=2)
    ),
    _lane(
        "waiters read before the row's version",
        "lost wake-up",
        lambda: _lanes("waiters-after-version", WAIT),
    ),
    _lane(
        "bringers tried only on arrival",
        "lost wake-up",
        lambda: _lanes("bringers-when-draining", BRINGER_WAITS, things=2),
    ),
    _lane("followers not registered", "lost wake-up", lambda: _lanes("followers", BRINGER_WAITS, things=2)),
    _lane("overtaking while the lane is ready", "order", lambda: _lanes("no-overtaking", OVERTAKER)),
    _lane(
        "expiry unconditional",
        "refused for nothing/two answers",
        lambda: _lanes("expiry-conditional", LATE, expiry=True),
    ),
    _lane(
        "expiry of a ready lane", "refused for nothing", lambda: _lanes("expiry-of-ready", LATE, expiry=True)
    ),
    _lane(
        "expiry leaves the next head unready",
        "lost wake-up",
        lambda: _lanes("next-ready", LATE_ALONE, expiry=True),
    ),
    _lane("command id read before the lane", "two answers", lambda: _lanes("ids-after-lane", REPEAT)),
    _lane(
        "command id remembered only when decided", "two answers", lambda: _lanes("known-when-queued", REPEAT)
    ),
    _lane("lane row deleted when empty", "two answers", lambda: _lanes("lane-kept", REBORN, things=2)),
    _lane("reads not validated", "write skew", lambda: _lanes("reads-validated", SKEW, **TWO_KEYS)),
)
PARKING = (
    _case("parking", "as designed", HOLDS, Parking),
    _case("parking", "later records of a parked key do not queue", "order", lambda: Parking("key-queues")),
    _case("parking", "what reads a parked key does not queue", "order", lambda: Parking("readers-queue")),
    _case(
        "parking",
        "the row of what is parked not validated",
        "duplicate/order",
        lambda: Parking("row-validated"),
    ),
    _case("parking", "held up by what came later too", "livelock", lambda: Parking("earlier-only")),
)
CHUNKS = (
    _case("chunks", "as designed", HOLDS, Chunks),
    _case("chunks", "the task not compared: what a chunk reads still is", HOLDS, lambda: Chunks("compare")),
    _case("chunks", "a birth does not tell of the hold", "left out", lambda: Chunks("inherit")),
    _case("chunks", "lots told already are not passed over", "duplicate", lambda: Chunks("passed-over")),
    _case("chunks", "what was read is not validated", "left out/duplicate", lambda: Chunks("reads")),
)
RECOVER = (
    _case("recover", "as designed", HOLDS, Recover),
    _case("recover", "answers not taken back", "duplicate", lambda: Recover("answers")),
    _case("recover", "a row taken back apart from its state", "loss", lambda: Recover("together")),
    _case("recover", "the relay not fenced first", "livelock/stuck", lambda: Recover("fence")),
    _case("recover", "the intake goes on before it", "livelock/stuck", lambda: Recover("halt")),
)

CASES: tuple[Case, ...] = OFFSETS + RELAY + LANES + PARKING + CHUNKS + RECOVER
