"""Every model and every variant of it, with what is expected of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.model.offsets import Offsets
from tests.model.relay import Relaying
from tests.model.search import Model

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

CASES: tuple[Case, ...] = OFFSETS + RELAY
