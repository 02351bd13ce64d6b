"""R20: the customs code fits the material, and every content that the entry asks for is on file."""

from __future__ import annotations

from collections.abc import Iterator

from orestream.contracts.shipments import CargoClassified, Gate
from orestream.export.domain.case import Cargo, Case
from orestream.export.domain.gates.judged import Finding, StandingGate, judged

_HS6 = 6
"""Digits of the Harmonised System; what follows is each country's own."""


def judge(case: Case) -> Gate:
    """Asks of every lot what its own classification and its destination ask."""
    return judged(
        "R20", (f for cargo in case.cargo for f in _look(case, cargo)), "there is no cargo to enter"
    )


def _look(case: Case, cargo: Cargo) -> Iterator[Finding]:
    if cargo.classification is None:
        yield Finding(f"{cargo.lot_id} is not classified", missing=(f"{cargo.lot_id}: classification",))
        return
    yield _code(case, cargo, cargo.classification)
    yield _contents(case, cargo, cargo.classification)


def _code(case: Case, cargo: Cargo, classified: CargoClassified) -> Finding:
    material = case.rules.common.materials.get(cargo.material)
    codes = material.hs6 if material is not None else ()
    code = classified.hs_code
    if code[:_HS6] in codes:
        return Finding(f"HS {code} fits {cargo.material}")
    known = " or ".join(codes) or "none in the table"
    return Finding(
        f"HS {code} does not fit {cargo.material} ({known}): classify {cargo.lot_id} again",
        differs=(f"{cargo.lot_id}: hs_code {code}",),
    )


def _contents(case: Case, cargo: Cargo, classified: CargoClassified) -> Finding:
    """What the destination asks for, and what the shipper reports besides, has been assayed."""
    asked = case.rules.own.entry.get(case.shipment.to_country, {}).get(cargo.material, ())
    wanted = tuple(dict.fromkeys((*asked, *classified.reported_contents)))
    missing = tuple(f"{cargo.lot_id}: {analyte}" for analyte in wanted if analyte not in cargo.grades)
    if missing:
        why = f"contents that the entry asks for are not on file: {', '.join(missing)}"
        return Finding(why, cargo.certificates, missing)
    return Finding(f"contents on file: {', '.join(wanted) or 'none asked'}", cargo.certificates)


GATE = StandingGate("R20", frozenset({"clear", "dispatch"}), judge)
