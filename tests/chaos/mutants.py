"""Broken builds of the chassis: one protection taken out of a process before it serves.

Each mutant names the faults that give it the chance to do harm, and the checks that are to notice. A chaos
run of it must fail on one of them: one that passes shows a protection that the run does not test, or that the
chassis does not need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.chaos import breaking

HALTED = "halted"
"""Stands among checks for a service that stops and asks for an operator."""
_ANY = ("kill",)
"""For those that do harm without any fault."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One protection less.

    Attributes:
        says: what is missing.
        faults: names of those under which it does harm.
        noticed_by: checks of which at least one must fail.
        rate: commands a second.
    """

    name: str
    says: str
    faults: tuple[str, ...]
    noticed_by: frozenset[str]
    break_it: Callable[[], None]
    rate: float = 30.0


def apply(name: str) -> None:
    """Break this process in the named way. Raises KeyError for a name that is none."""
    MUTANTS[name].break_it()


MUTANTS: Mapping[str, Mutant] = {
    mutant.name: mutant
    for mutant in (
        Mutant(
            "offsets-not-compared",
            "the stored offset is moved without comparing it with what was expected",
            ("stop-at-fetched",),
            frozenset({"offsets-only-forward", "one-final-outcome", "no-duplicate-id"}),
            breaking.offsets_not_compared,
        ),
        Mutant(
            "generation-not-compared",
            "batches fetched before an assignment or a seek are taken after it, nor is fetching paused",
            ("database-connections",),
            frozenset({"one-final-outcome", "facts-are-taken-in"}),
            breaking.generation_not_compared,
        ),
        Mutant(
            "versions-not-checked",
            "what a decision has read may have changed by its commit",
            ("sleep-at-before-commit",),
            frozenset({"states-are-the-fold", "mass-is-conserved", "metal-is-conserved"}),
            breaking.versions_not_checked,
            rate=60.0,
        ),
        Mutant(
            "conflict-kept",
            "what a transaction wrote before it met a conflict is committed, not rolled back",
            ("sleep-at-before-commit",),
            frozenset({"one-final-outcome", "facts-are-taken-in", "states-are-the-fold"}),
            breaking.conflict_kept,
            rate=60.0,
        ),
        Mutant(
            "ids-forgotten",
            "a command id that has its answer is decided again",
            _ANY,
            frozenset({"no-duplicate-id", "one-final-outcome", "repeats-and-conflicts"}),
            breaking.ids_forgotten,
        ),
        Mutant(
            "waiters-not-woken",
            "the fact that a waiting command waits for does not make its lane ready",
            _ANY,
            frozenset({"waiting-is-for-something-absent"}),
            breaking.waiters_not_woken,
        ),
        Mutant(
            "cursor-to-stable-offset",
            "the relay looks for its cursor up to the last stable offset, and compares nothing with it",
            ("open-transaction",),
            frozenset({"no-duplicate-id", "sequences-without-holes"}),
            breaking.cursor_to_stable_offset,
        ),
        Mutant(
            "prune-before-commit",
            "outbox rows are deleted before their Kafka transaction is known to be committed",
            ("kill-at-before-end",),
            frozenset({"nothing-lost", HALTED}),
            breaking.prune_before_commit,
        ),
        Mutant(
            "end-repeated",
            "EndTxn is sent again when its answer is late, and the relay compares nothing with the cursor",
            ("late-end-then-kill",),
            frozenset({"no-duplicate-id", "decisions-are-whole", "sequences-without-holes"}),
            breaking.end_repeated,
        ),
        Mutant(
            "futures-not-awaited",
            "the relay does not await what became of each batch it sent",
            ("small-records",),
            frozenset({"nothing-lost", "decisions-are-whole", HALTED}),
            breaking.futures_not_awaited,
        ),
        Mutant(
            "relays-not-fenced",
            "every replica relays, without a lease and under a transactional id of its own",
            _ANY,
            frozenset({"no-duplicate-id"}),
            breaking.relays_not_fenced,
        ),
    )
}
