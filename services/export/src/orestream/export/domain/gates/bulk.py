"""R13: a bulk cargo that may liquefy is loaded below its transportable moisture limit.

Loading into holds is not recorded yet, so that nothing can be shown of a bulk cargo at its sailing:
it does not sail.
"""

from __future__ import annotations

from orestream.contracts.shipments import Gate
from orestream.export.domain.case import Case
from orestream.export.domain.gates.judged import Finding, StandingGate, judged


def judge(case: Case) -> Gate:
    """Blocks every cargo in bulk."""
    why = "no hold is loaded on record, so the moisture at loading cannot be held against the TML"
    findings = [Finding(why, missing=("loading",), blocks=True)] if case.shipment.mode == "bulk" else []
    return judged("R13", findings, "not in bulk")


GATE = StandingGate("R13", frozenset({"dispatch"}), judge)
