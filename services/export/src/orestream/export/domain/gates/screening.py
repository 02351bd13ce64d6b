"""Part of R19: the names in a trade, held against lists of blocked parties.

Of each name the latest screening that covers it counts, so that a mistaken hit is cleared by searching
again. Blocked owners count by their shares, added up per source; every other hit counts by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from orestream.contracts.export import Hit
from orestream.contracts.shipments import ScreeningRecorded
from orestream.export.domain.case import Case
from orestream.export.domain.gates.judged import Finding
from orestream.export.domain.provenance import Source
from orestream.metallurgy.quantities import ZERO


def screened(case: Case) -> Iterator[Finding]:
    """Whether every name has been searched, and what was found."""
    searches = _latest(case)
    wanted = _names(case)
    missing = tuple(name for name in wanted if name not in searches)
    if missing:
        yield Finding(f"not screened, or not currently: {', '.join(missing)}", missing=missing)
    hits = {name: hit for name, search in searches.items() for hit in search.hits if hit.name == name}
    owners = {owner.name for source in case.sources.values() for owner in source.owners}
    partners = {party for contract in case.contracts.values() for party in (contract.seller, contract.buyer)}
    for name, hit in sorted(hits.items()):
        if name not in owners or name in partners:
            yield Finding(f"{name} is blocked: {hit.reason}", differs=(name,), blocks=True)
    for source in case.sources.values():
        yield from _owned(case, source, hits)
    if wanted and not missing:
        lists = dict.fromkeys(f"{s.list.name} {s.list.version}" for s in searches.values())
        yield Finding(f"screened against {', '.join(lists)}", tuple(lists))


def _names(case: Case) -> tuple[str, ...]:
    """Sources, their owners, sellers, buyers, and the vessel."""
    owners = (owner.name for source in case.sources.values() for owner in source.owners)
    partners = (party for contract in case.contracts.values() for party in (contract.seller, contract.buyer))
    vessel = (case.imo,) if case.imo is not None else ()
    return tuple(dict.fromkeys((*case.sources, *owners, *partners, *vessel)))


def _latest(case: Case) -> dict[str, ScreeningRecorded]:
    """Name → the latest current screening that covers it; a hit covers its own name."""
    covered: dict[str, ScreeningRecorded] = {}
    for screening in case.screenings:
        names = (*screening.screened, *(hit.name for hit in screening.hits))
        covered |= dict.fromkeys(names, screening)
    return covered


def _owned(case: Case, source: Source, hits: Mapping[str, Hit]) -> Iterator[Finding]:
    """The shares of a source's blocked owners, added up; a hit may state the share, else the source does."""
    blocked = [owner for owner in source.owners if owner.name in hits]
    if not blocked:
        return
    shares = (_share(hits[owner.name], owner.share_pct) for owner in blocked)
    total = sum(shares, ZERO)
    names = ", ".join(owner.name for owner in blocked)
    limit = case.rules.figure("blocked_share_pct")
    why = f"{total} % of {source.id} belongs to blocked owners ({names}), limit {limit} %"
    if total >= limit:
        yield Finding(why, differs=tuple(owner.name for owner in blocked), blocks=True)
    else:
        yield Finding(why)


def _share(hit: Hit, owned_pct: Decimal) -> Decimal:
    return owned_pct if hit.blocked_share_pct is None else hit.blocked_share_pct
