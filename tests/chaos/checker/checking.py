"""All checks, and running them: each is a pure function of the evidence."""

from __future__ import annotations

from decimal import Context, localcontext

from tests.chaos.checker.checks.answers import (
    nothing_unsent_is_answered,
    one_final_outcome,
    repeats_say_the_same,
)
from tests.chaos.checker.checks.committed import byte_for_byte, nothing_leaked, nothing_lost
from tests.chaos.checker.checks.cursors import cursor_agrees
from tests.chaos.checker.checks.decided import (
    decisions_are_whole,
    order_per_key,
    outcomes_have_their_facts,
)
from tests.chaos.checker.checks.ids import no_duplicate_id
from tests.chaos.checker.checks.mass import mass_is_conserved
from tests.chaos.checker.checks.metal import metal_is_conserved
from tests.chaos.checker.checks.outbox import outbox_is_linked
from tests.chaos.checker.checks.over_time import lag_returns_to_zero, memory_is_bounded, offsets_only_forward
from tests.chaos.checker.checks.parked import parked_is_told, parked_keys_stand_still
from tests.chaos.checker.checks.partitions import one_partition_per_key
from tests.chaos.checker.checks.readers import readers_agree
from tests.chaos.checker.checks.sent import aborted_has_no_effect, acknowledged_is_in_the_log
from tests.chaos.checker.checks.sequences import sequences_without_holes
from tests.chaos.checker.checks.states import states_are_the_fold
from tests.chaos.checker.checks.taken import facts_are_taken_in
from tests.chaos.checker.checks.waiting import waiting_is_for_something_absent
from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.verdicts import Check, Verdict

CHECKS: tuple[Check, ...] = (
    acknowledged_is_in_the_log,
    aborted_has_no_effect,
    one_final_outcome,
    nothing_unsent_is_answered,
    repeats_say_the_same,
    outcomes_have_their_facts,
    nothing_lost,
    nothing_leaked,
    byte_for_byte,
    no_duplicate_id,
    sequences_without_holes,
    one_partition_per_key,
    decisions_are_whole,
    order_per_key,
    readers_agree,
    outbox_is_linked,
    cursor_agrees,
    offsets_only_forward,
    facts_are_taken_in,
    parked_is_told,
    parked_keys_stand_still,
    waiting_is_for_something_absent,
    states_are_the_fold,
    mass_is_conserved,
    metal_is_conserved,
    lag_returns_to_zero,
    memory_is_bounded,
)
"""In the order in which they are printed."""
_EXACT = Context(prec=60)


def check(evidence: Evidence) -> tuple[Verdict, ...]:
    """Every check's verdict. Sums of masses are exact whatever decimal context the caller has."""
    with localcontext(_EXACT):
        return tuple(one(evidence) for one in CHECKS)
