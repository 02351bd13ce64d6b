"""R15: antimony sulphides and oxides sail outside UN 1549 up to a limit of arsenic, else as declared."""

from __future__ import annotations

from orestream.contracts.shipments import Gate
from orestream.export.domain.case import Cargo, Case
from orestream.export.domain.gates.judged import Finding, StandingGate, judged, percent, said


def judge(case: Case) -> Gate:
    """A content that is not on file blocks as one above the limit does."""
    flags = case.rules.own.arsenic.flags
    asked = [cargo for cargo in case.cargo if case.rules.flagged(cargo.material, flags)]
    findings = (_look(case, cargo, alone=len(asked) == 1) for cargo in asked)
    return judged("R15", findings, "no antimony sulphide or oxide in the cargo")


def _look(case: Case, cargo: Cargo, *, alone: bool) -> Finding:
    where = "" if alone else f" in {cargo.lot_id}"
    arsenic = cargo.grades.get("As")
    content = percent(arsenic) if arsenic is not None else None
    declaration = case.paper(case.rules.own.arsenic.declaration)
    if arsenic is None or content is None:
        if declaration is not None:
            return Finding(f"declared as UN 1549{where}, As not on file", (declaration.number,))
        return Finding(f"no As content{where} on file; assay {cargo.lot_id} for As", blocks=True)
    limit = case.rules.figure("arsenic_limit_pct")
    why = f"As {said(arsenic)} of dry mass{where}, limit {limit} %"
    if content <= limit:
        return Finding(why, cargo.certificates)
    if declaration is not None:
        return Finding(f"{why}, declared as UN 1549", (*cargo.certificates, declaration.number))
    asked = case.rules.own.arsenic.declaration
    return Finding(f"{why}: attach a {asked} (UN 1549)", cargo.certificates, missing=(asked,), blocks=True)


GATE = StandingGate("R15", frozenset({"stuff", "clear", "dispatch"}), judge)
