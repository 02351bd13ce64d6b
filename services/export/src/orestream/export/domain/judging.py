"""What follows from the gates of one step: what they found, holds put and lifted, blocks, a refusal.

A gate's hold is one thing from the act that first met it until the gate passes: while what it asks for
stays the same it is not told again, and when that changes it is told again under the same id. It is
lifted when its gate passes over all that is allocated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orestream.contracts.decision import Refused
from orestream.contracts.message import Command, Fact
from orestream.contracts.shipments import (
    Gate,
    GatesChecked,
    GateVerdict,
    ShipmentBlocked,
    ShipmentHeld,
    ShipmentHoldLifted,
)
from orestream.export.domain.case import Case
from orestream.export.domain.shipment import GateHold

_WORST: Sequence[GateVerdict] = ("block", "hold", "pass")


def checked(case: Case, gates: Sequence[Gate]) -> tuple[Fact, ...]:
    """What the gates found; an allocation is judged as well, but is no step with gates of its own."""
    if case.step == "allocate":
        return ()
    return (
        GatesChecked(
            shipment_id=case.shipment.id,
            step=case.step,
            gates=tuple(gates),
            verdict=next(verdict for verdict in _WORST if any(g.verdict == verdict for g in gates)),
            rules_version=case.rules.version,
        ),
    )


def lifted(case: Case, gates: Iterable[Gate]) -> tuple[Fact, ...]:
    """Holds whose gate passes now."""
    passed = {gate.rule for gate in gates if gate.verdict == "pass"} if case.whole else set()
    return tuple(
        ShipmentHoldLifted(shipment_id=case.shipment.id, hold_id=hold.hold_id, rule=hold.rule)
        for hold in case.shipment.gate_holds
        if hold.rule in passed
    )


def refusal(case: Case, gates: Sequence[Gate], command: Command) -> Refused | None:
    """The refusal by the first gate that does not pass, with what all of them caused; None when all pass."""
    closed = [gate for gate in gates if gate.verdict != "pass"]
    if not closed:
        return None
    facts = (
        *checked(case, gates),
        *lifted(case, gates),
        *(fact for gate in closed for fact in _stops(case, gate, command)),
    )
    return Refused(closed[0].rule, _message(case, closed[0]), _details(closed[0]), facts)


def _stops(case: Case, gate: Gate, command: Command) -> tuple[Fact, ...]:
    if gate.verdict == "block":
        blocked = ShipmentBlocked(
            shipment_id=case.shipment.id, rule=gate.rule, step=case.step, reason=gate.why
        )
        return (blocked,)
    known = next((hold for hold in case.shipment.gate_holds if hold.rule == gate.rule), None)
    missing, differs = gate.missing or (), gate.differs or ()
    if known is not None and (known.missing, known.differs) == (missing, differs):
        return ()
    return (_held(case, gate, command, known),)


def _held(case: Case, gate: Gate, command: Command, known: GateHold | None) -> ShipmentHeld:
    return ShipmentHeld(
        shipment_id=case.shipment.id,
        hold_id=command.command_id if known is None else known.hold_id,
        kind="hold",
        rule=gate.rule,
        step=case.step,
        reason=gate.why,
        missing=gate.missing or (),
        differs=gate.differs or (),
        by=command.by,
    )


def _message(case: Case, gate: Gate) -> str:
    named = [one for one in (*(gate.missing or ()), *(gate.differs or ())) if one not in gate.why]
    names = f": {', '.join(named)}" if named else ""
    return f"{gate.why}{names}; put it right, then {case.step} again"


def _details(gate: Gate) -> dict[str, list[str]]:
    found = {"missing": gate.missing, "differs": gate.differs, "evidence": gate.evidence}
    return {name: list(values) for name, values in found.items() if values}
