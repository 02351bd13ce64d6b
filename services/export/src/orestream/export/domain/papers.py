"""Papers: which are asked for, which count, and where what they state differs from the shipment.

A later paper of a kind takes the place of an earlier one, unless both name lots (or both containers)
and none in common: two certificates for two lots stand beside each other. What a paper states is held
against the lots and containers that it names, or against all where it names none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from orestream.contracts.shipments import DocumentAttached
from orestream.export.domain.case import Case
from orestream.export.domain.figures import PaperStep
from orestream.metallurgy.quantities import total_kg

_HS6 = 6


@dataclass(frozen=True, slots=True)
class Scope:
    """What a paper speaks of, as it is at this step."""

    lots: frozenset[str]
    net_wet_kg: Decimal
    net_dry_kg: Decimal
    packing_kg: Decimal


def asked(case: Case, step: PaperStep) -> tuple[str, ...] | None:
    """The kinds asked for by the sets that fit the cargo's materials; None where one material has no set."""
    shipment = case.shipment
    kinds: dict[str, None] = {}
    for cargo in case.cargo:
        route = (cargo.material, shipment.mode, shipment.from_country, shipment.to_country)
        fitting = [paper_set for paper_set in case.rules.own.papers.sets if paper_set.fits(*route)]
        if not fitting:
            return None
        dangerous = cargo.classification is not None and cargo.classification.dangerous
        instead = case.rules.own.papers.where_dangerous if dangerous else {}
        kinds |= dict.fromkeys(instead.get(kind, kind) for kind in fitting[-1].asked[step])
    return tuple(kinds)


def counting(papers: Iterable[DocumentAttached]) -> tuple[DocumentAttached, ...]:
    """Those that no later paper has taken the place of, in the order they were attached."""
    counted: list[DocumentAttached] = []
    for paper in papers:
        counted = [earlier for earlier in counted if not _replaces(paper, earlier)]
        counted.append(paper)
    return tuple(counted)


def _replaces(later: DocumentAttached, earlier: DocumentAttached) -> bool:
    if later.kind != earlier.kind:
        return False
    for mine, theirs in (
        (later.states.lots, earlier.states.lots),
        (later.states.containers, earlier.states.containers),
    ):
        if mine and theirs and set(mine).isdisjoint(theirs):
            return False
    return True


def differences(case: Case, papers: tuple[DocumentAttached, ...]) -> Iterator[str]:
    """Where papers differ from the shipment: `packing-list: net wet 3000 kg, not 3611.000 kg`."""
    for paper in papers:
        yield from (f"{paper.kind}: {what}" for what in _differs(case, paper))
    for kind in dict.fromkeys(paper.kind for paper in papers):
        yield from (f"{kind}: {what}" for what in _left_out(case, [p for p in papers if p.kind == kind]))


def _differs(case: Case, paper: DocumentAttached) -> Iterator[str]:
    states = paper.states
    scope = _scope(case, paper)
    yield from _weights(case, paper, scope)
    codes = {c.hs_code[:_HS6] for c in case.shipment.classifications if c.lot_id in scope.lots}
    if states.hs_code is not None and codes != {states.hs_code[:_HS6]}:
        yield f"HS {states.hs_code}, not {_list(codes)}"
    if states.consignee is not None and _plain(states.consignee) != _plain(case.shipment.consignee):
        yield f"consignee {states.consignee}, not {case.shipment.consignee}"
    origins = (cargo.origins for cargo in case.cargo if cargo.lot_id in scope.lots)
    countries = {origin.country for some in origins for origin in some}
    if states.origin is not None and countries != {states.origin}:
        yield f"origin {states.origin}, not {_list(countries)}"


def _weights(case: Case, paper: DocumentAttached, scope: Scope) -> Iterator[str]:
    tolerance = case.rules.figure("papers_pct")
    compared = (
        ("net wet", paper.states.net_wet_kg, scope.net_wet_kg),
        ("net dry", paper.states.net_dry_kg, scope.net_dry_kg),
        ("cargo gross", paper.states.cargo_gross_kg, scope.net_wet_kg + scope.packing_kg),
    )
    for what, stated, actual in compared:
        if stated is not None and abs(stated - actual) * 100 > tolerance * actual:
            yield f"{what} {stated} kg, not {actual} kg"


def _left_out(case: Case, papers: list[DocumentAttached]) -> Iterator[str]:
    """Lots and containers that papers of one kind name between them, against those there are."""
    there_are = (
        ("lots", {cargo.lot_id for cargo in case.cargo}, [p.states.lots for p in papers]),
        (
            "containers",
            {c.container_no for c in case.shipment.containers},
            [p.states.containers for p in papers],
        ),
    )
    for what, actual, stated in there_are:
        named = {name for some in stated for name in some or ()}
        if any(some is not None for some in stated) and named != actual:
            yield f"{what} {_list(named)}, not {_list(actual)}"


def _scope(case: Case, paper: DocumentAttached) -> Scope:
    lots = frozenset(paper.states.lots or (cargo.lot_id for cargo in case.cargo))
    named = set(paper.states.containers or ())
    containers = [c for c in case.shipment.containers if not named or c.container_no in named]
    if named:
        parts = [part for c in containers for part in c.contents if part.lot_id in lots]
        wet, dry = total_kg(p.wet_kg for p in parts), total_kg(p.dry_kg for p in parts)
    else:
        cargo = [one for one in case.cargo if one.lot_id in lots]
        wet, dry = total_kg(c.wet_kg for c in cargo), total_kg(c.dry_kg for c in cargo)
    return Scope(lots, wet, dry, total_kg(c.packing_kg for c in containers))


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
