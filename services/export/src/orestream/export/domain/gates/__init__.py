"""Every gate, in the order in which the first broken one is reported.

A new gate is a module with a `judge(case) -> Gate` and its `GATE`, and one line here.
"""

from __future__ import annotations

from orestream.contracts.shipments import Gate
from orestream.export.domain.case import Case
from orestream.export.domain.gates import (
    arsenic,
    bulk,
    classification,
    entry,
    packing,
    papers,
    provenance,
    radioactivity,
    terms,
)

GATES = (
    classification.GATE,
    radioactivity.GATE,
    arsenic.GATE,
    bulk.GATE,
    packing.GATE,
    papers.GATE,
    entry.GATE,
    provenance.GATE,
    terms.GATE,
)


def judge(case: Case) -> tuple[Gate, ...]:
    """The verdicts of every gate that stands at the case's step."""
    return tuple(gate.judge(case) for gate in GATES if case.step in gate.steps)
