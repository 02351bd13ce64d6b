"""R19: the cargo comes from licensed sources with known owners, and nobody in the trade is blocked.

A licence is held against every lot out of the ground that the cargo was made of: in force on the day,
for that commodity, within its cumulative mass. Names are held against a list of blocked parties by
screenings that are current at the sailing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from orestream.contracts.parts import Licence
from orestream.contracts.shipments import Gate
from orestream.export.domain.case import Cargo, Case, Dug
from orestream.export.domain.gates.judged import Finding, StandingGate, judged
from orestream.export.domain.gates.screening import screened
from orestream.export.domain.provenance import Source
from orestream.metallurgy.quantities import HUNDRED


def judge(case: Case) -> Gate:
    """What is missing or stale holds, a hit blocks."""
    return judged("R19", _findings(case), "there is no cargo to trace")


def _findings(case: Case) -> Iterator[Finding]:
    for cargo in case.cargo:
        yield _origin(cargo)
    for source in case.sources.values():
        yield _ownership(source)
    for dug in case.dug:
        yield _licensed(case, dug, case.sources.get(dug.source_id))
    yield from screened(case)


def _origin(cargo: Cargo) -> Finding:
    if sum(origin.share for origin in cargo.origins) != 1:
        why = f"the origins of {cargo.lot_id} do not add up to the whole of it"
        return Finding(why, missing=(f"{cargo.lot_id}: origin",))
    places = ", ".join(f"{origin.country} {origin.source_id}" for origin in cargo.origins)
    return Finding(f"{cargo.lot_id} from {places}")


def _ownership(source: Source) -> Finding:
    if not source.owners:
        return Finding(f"no owner of {source.id} is known", missing=(f"{source.id}: owners",))
    total = sum(owner.share_pct for owner in source.owners)
    if total > HUNDRED:
        why = f"the owners of {source.id} have {total} % of it"
        return Finding(why, differs=(f"{source.id}: owners",))
    return Finding(f"owners of {source.id}: {', '.join(owner.name for owner in source.owners)}")


def _licensed(case: Case, dug: Dug, source: Source | None) -> Finding:
    licence = source.licence if source is not None else None
    if licence is None:
        return Finding(f"{dug.source_id} has no licence on file", missing=(f"{dug.source_id}: licence",))
    wrong = _breach(case, dug, licence)
    if wrong is None:
        return Finding(f"licence {licence.number} covers {dug.lot_id}", (licence.number,))
    return Finding(wrong, (licence.number,), differs=(f"{dug.lot_id}: licence {licence.number}",))


def _breach(case: Case, dug: Dug, licence: Licence) -> str | None:
    """What the licence says against a lot."""
    day = dug.mined_at.astimezone(UTC).date()
    if not licence.valid_from <= day <= licence.expires_on:
        span = f"{licence.valid_from} to {licence.expires_on}"
        return f"{dug.lot_id} was mined on {day}, licence {licence.number} holds from {span}"
    words = {word.casefold() for word in case.rules.own.commodities.get(dug.material, ())}
    if words.isdisjoint(word.casefold() for word in licence.commodities):
        held = ", ".join(licence.commodities)
        return f"{dug.lot_id} is {dug.material}, licence {licence.number} is for {held}"
    if licence.limit_wet_kg is not None and dug.given_wet_kg > licence.limit_wet_kg:
        limit = f"licence {licence.number} allows {licence.limit_wet_kg} kg"
        return f"{dug.source_id} had given {dug.given_wet_kg} kg with {dug.lot_id}, {limit}"
    return None


GATE = StandingGate("R19", frozenset({"dispatch"}), judge)
