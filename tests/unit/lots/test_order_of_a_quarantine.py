"""A quarantine is the same whichever of its facts comes first, as when it is taken back from topics."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest

from orestream.contracts.decision import Happened
from orestream.contracts.lots import LotHeld
from orestream.contracts.message import Fact
from orestream.contracts.processing import BatchQuarantined
from orestream.lots.holdfacts import evolve_hold
from orestream.lots.state import Hold

AT = datetime(2025, 10, 1, tzinfo=UTC)
SAID = {"hold_id": "c-1", "kind": "quarantine", "reason": "less than went in", "by": "shift-b"}
ON_BATCH = BatchQuarantined(batch_id="BATCH-1", rule="R08", occurred_at=AT, **SAID)
ON_LOTS = [LotHeld(lot_id=lot, cause="R08", root="BATCH-1", occurred_at=AT, **SAID) for lot in ("A", "B")]


def folded(facts: tuple[Fact, ...], service: str) -> Hold:
    hold: Hold | None = None
    for number, fact in enumerate(facts):
        happened = Happened(fact, AT, "/orestream/main/processing", str(number), "c-1")
        hold = evolve_hold(hold, happened, service)
    assert hold is not None
    return hold


@pytest.mark.parametrize("service", ["processing", "export"])
def test_a_quarantine_is_the_same_in_whatever_order_its_facts_come(service: str) -> None:
    found = [folded(facts, service) for facts in permutations([ON_BATCH, *ON_LOTS])]
    assert {hold.own for hold in found} == {service == "processing"}
    assert len({(hold.cause, hold.root, hold.reason, frozenset(hold.lots)) for hold in found}) == 1
