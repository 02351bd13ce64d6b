"""A lot's place in the genealogy, folded from births whichever service and order they come in."""

from __future__ import annotations

from dataclasses import replace

from orestream.contracts.decision import Happened
from orestream.contracts.lots import LotBlended, LotHeld, LotSplit
from orestream.contracts.mining import LotMined
from orestream.contracts.parts import Parent
from orestream.contracts.processing import BatchProcessed, LotProduced
from orestream.lots.state import Birth, Kin

BirthFact = LotMined | LotProduced | LotSplit | LotBlended


def parents_of(born: BirthFact) -> tuple[Parent, ...]:
    """What a newborn lot was made of; nothing, when it came out of the ground."""
    return () if isinstance(born, LotMined) else born.parents


def evolve_kin(lot_id: str, kin: Kin | None, happened: Happened) -> Kin:
    """The lot's kinship after a fact about itself, its child or its batch. Facts may come in any order."""
    kin = kin or Kin(lot_id)
    match happened.fact:
        case LotMined() | LotProduced() | LotSplit() | LotBlended() as born:
            if born.lot_id == lot_id:
                return _born(kin, born, happened)
            return replace(kin, children=_with(kin.children, born.lot_id))
        case BatchProcessed() as batch:
            one = {drawn.certificate for drawn in batch.inputs if drawn.certificate is not None}
            several = {number for drawn in batch.inputs for number in drawn.certificates or ()}
            return replace(kin, certificates=_with(kin.certificates, *one, *several))
        case LotHeld() as held:
            return replace(kin, holds=_with(kin.holds, held.hold_id))
        case _:
            return kin


def _born(kin: Kin, born: BirthFact, happened: Happened) -> Kin:
    """The first birth stands; of a second one (R04) the parents are kept, so that holds find their way."""
    known = {parent.lot_id for parent in kin.parents}
    parents = kin.parents + tuple(p for p in parents_of(born) if p.lot_id not in known)
    rests_on = born.certificates if isinstance(born, LotSplit | LotBlended) else ()
    certificates = _with(kin.certificates, *rests_on)
    if kin.birth is not None:
        return replace(kin, parents=parents, certificates=certificates)
    return replace(
        kin,
        parents=parents,
        certificates=certificates,
        birth=_birth(born),
        service=happened.service,
        born_at=happened.time,
        material=born.material,
        mineral=born.mineral,
        wet_kg=born.wet_kg,
        dry_kg=born.dry_kg,
        batch_id=born.batch_id if isinstance(born, LotProduced) else None,
    )


def _birth(born: BirthFact) -> Birth:
    match born:
        case LotMined():
            return "mined"
        case LotProduced():
            return "produced"
        case LotSplit():
            return "split"
        case LotBlended():
            return "blended"


def _with(known: tuple[str, ...], *more: str) -> tuple[str, ...]:
    return tuple(sorted({*known, *more}))
