"""R18: the papers that this step asks for are there, still good, and state what the shipment is."""

from __future__ import annotations

from collections.abc import Iterator

from orestream.contracts.shipments import DocumentAttached, Gate
from orestream.export.domain import papers
from orestream.export.domain.case import Case
from orestream.export.domain.figures import PaperStep
from orestream.export.domain.gates.judged import Finding, StandingGate, judged


def judge(case: Case) -> Gate:
    """Lists what is missing or has expired, and what differs."""
    return judged("R18", _findings(case), "no papers are asked for")


def _findings(case: Case) -> Iterator[Finding]:
    step: PaperStep = "clearance" if case.step == "clear" else "loading"
    asked = papers.asked(case, step)
    if asked is None:
        route = f"{case.shipment.from_country} to {case.shipment.to_country}"
        why = f"the rule table has no set of papers for this cargo from {route}: add one"
        yield Finding(why, missing=("set of papers",))
        return
    counting = tuple(p for p in papers.counting(case.shipment.documents) if p.kind in asked)
    yield from _missing(case, asked, counting)
    differs = tuple(papers.differences(case, tuple(paper for paper in counting if case.is_good(paper))))
    if differs:
        yield Finding(f"{_count(differs, 'statement')} {_be(differs)} wrong", differs=differs)
    elif counting:
        yield Finding(f"{_count(counting, 'paper')} on file", tuple(paper.number for paper in counting))


def _missing(case: Case, asked: tuple[str, ...], counting: tuple[DocumentAttached, ...]) -> Iterator[Finding]:
    there = {paper.kind for paper in counting}
    absent = tuple(kind for kind in asked if kind not in there)
    if absent:
        yield Finding(f"{_count(absent, 'paper')} missing", missing=absent)
    for paper in counting:
        if not case.is_good(paper):
            why = f"{paper.kind} {paper.number} expired after {paper.expires_on}"
            yield Finding(why, missing=(paper.kind,))


def _count(things: tuple[object, ...], what: str) -> str:
    return f"{len(things)} {what}{'s' if len(things) > 1 else ''}"


def _be(things: tuple[object, ...]) -> str:
    return "are" if len(things) > 1 else "is"


GATE = StandingGate("R18", frozenset({"clear", "dispatch"}), judge)
