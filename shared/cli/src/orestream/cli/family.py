"""Ancestry and descent of one lot or shipment: its relatives one by one, each before its own relatives."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from orestream.cli.genealogy import Genealogy
from orestream.cli.lives import Born
from orestream.metallurgy.quantities import kg

Kind = Literal["lot", "shipment", "source"]


@dataclass(frozen=True, slots=True)
class Relative:
    """One member of a family, with what connects it to the member it hangs from.

    Attributes:
        id: of the lot, shipment or source.
        kind: which of these it is.
        how: `mined`, `produced by BATCH-1 (flotation)`, a shipment's state …
        generation: how far from the root; what follows one generation further hangs from this member.
        last: whether no other hangs after it from the same member.
        dry_kg: of the connection: what it brought or got; of the whole lot at the root.
        share: of the dry mass of what it went into, 0 to 1.
        metals_kg: analyte → kg in that dry mass.
        held: whether a hold on it has not been lifted (a shipment: whether it is recalled).
        repeated: True where its own relatives came earlier.
    """

    id: str
    kind: Kind
    how: str
    generation: int
    last: bool
    dry_kg: Decimal | None
    share: Decimal | None = None
    metals_kg: Mapping[str, Decimal] = field(default_factory=dict)
    held: bool = False
    repeated: bool = False

    def as_json(self) -> dict[str, Any]:
        """Decimals as strings, absent values left out."""
        found: dict[str, Any] = {"id": self.id, "kind": self.kind, "how": self.how}
        if self.dry_kg is not None:
            found["dry_kg"] = str(self.dry_kg)
        if self.share is not None:
            found["share"] = str(self.share)
        if self.metals_kg:
            found["metals_kg"] = {name: str(mass) for name, mass in self.metals_kg.items()}
        if self.held:
            found["held"] = True
        if self.repeated:
            found["repeated"] = True
        return found


class _Tie(NamedTuple):
    """What connects a member to the one it hangs from; `how` where the member itself does not say."""

    kind: Kind
    id: str
    dry_kg: Decimal | None
    share: Decimal | None = None
    how: str = ""


def ancestry(graph: Genealogy, root: str) -> Iterator[Relative]:
    """What a lot or shipment was made from, back to the sources; the root itself comes first."""
    tie = (
        _Tie("shipment", root, None) if root in graph.shipments else _Tie("lot", root, _born_kg(graph, root))
    )
    return _family(graph, tie, _elders)


def descent(graph: Genealogy, root: str) -> Iterator[Relative]:
    """What became of a lot: everything made from it, and the shipments it went into; itself first."""
    return _family(graph, _Tie("lot", root, _born_kg(graph, root)), _heirs)


def _family(
    graph: Genealogy, root: _Tie, nearest: Callable[[Genealogy, _Tie], Sequence[_Tie]]
) -> Iterator[Relative]:
    """Depth first and without recursion: splits of splits go on for thousands of generations."""
    seen: set[str] = set()
    ahead = [(0, True, root)]
    while ahead:
        generation, last, tie = ahead.pop()
        if tie.kind == "lot":
            repeated = tie.id in seen
            seen.add(tie.id)
            yield _lot(graph, tie, generation, last=last, repeated=repeated)
            if repeated:
                continue
        elif tie.kind == "shipment":
            yield _shipment(graph, tie, generation, last=last)
        else:
            yield Relative(tie.id, tie.kind, tie.how, generation, last, tie.dry_kg, tie.share)
        ties = reversed(nearest(graph, tie))
        ahead.extend((generation + 1, index == 0, one) for index, one in enumerate(ties))


def _elders(graph: Genealogy, tie: _Tie) -> Sequence[_Tie]:
    if tie.kind == "shipment":
        return _cargo(graph, tie.id)
    birth = graph.lot(tie.id).birth if tie.kind == "lot" else None
    if birth is None:
        return ()
    return [*_sources(graph, birth, tie.dry_kg), *(_Tie("lot", *brought) for brought in birth.parents)]


def _cargo(graph: Genealogy, shipment_id: str) -> Sequence[_Tie]:
    lots = graph.shipments[shipment_id].lots
    total = sum(lots.values(), Decimal(0))
    return [
        _Tie("lot", lot, dry, (dry / total).quantize(Decimal("0.0001")) if total else None)
        for lot, dry in lots.items()
    ]


def _sources(graph: Genealogy, birth: Born, dry_kg: Decimal | None) -> Iterator[_Tie]:
    for site in birth.sites:
        region = graph.regions.get(site.source_id)
        place = f", {region}" if region else ""
        how = f"{site.name}, {site.country}{place}, licence {site.licence}"
        dry = kg(dry_kg * site.share) if dry_kg is not None else None
        yield _Tie("source", site.source_id, dry, site.share, how)


def _heirs(graph: Genealogy, tie: _Tie) -> Sequence[_Tie]:
    """In the order in which they were born or allocated; at one time by their ids."""
    if tie.kind != "lot":
        return ()
    lot = graph.lot(tie.id)
    children = sorted(lot.children.items(), key=lambda child: _age(graph, child[0]))
    shipments = sorted(lot.shipments.items(), key=lambda pair: (pair[1].since, _counting(pair[0])))
    return [
        *(_child(graph, child, share) for child, share in children),
        *(_Tie("shipment", shipment, part.dry_kg) for shipment, part in shipments),
    ]


def _age(graph: Genealogy, lot_id: str) -> tuple[datetime, list[str | int]]:
    birth = graph.lots[lot_id].birth
    assert birth is not None, "who is somebody's child was born"
    return birth.at, _counting(lot_id)


def _counting(id_: str) -> list[str | int]:
    """An id as people order it: LOT-2 before LOT-10."""
    pieces = re.split(r"([0-9]+)", id_)
    return [int(piece) if index % 2 else piece for index, piece in enumerate(pieces)]


def _child(graph: Genealogy, lot_id: str, share: Decimal) -> _Tie:
    """A lot made from another, with the part of it that is the other's by share of the dry mass."""
    whole = _born_kg(graph, lot_id)
    return _Tie("lot", lot_id, None if whole is None else kg(whole * share), share)


def _born_kg(graph: Genealogy, lot_id: str) -> Decimal | None:
    birth = graph.lots[lot_id].birth
    return None if birth is None else birth.dry_kg


def _lot(graph: Genealogy, tie: _Tie, generation: int, *, last: bool, repeated: bool) -> Relative:
    return Relative(
        tie.id,
        "lot",
        _how(graph, tie.id),
        generation,
        last,
        tie.dry_kg,
        tie.share,
        graph.metals(tie.id, tie.dry_kg) if tie.dry_kg is not None else {},
        held=graph.held(tie.id),
        repeated=repeated,
    )


def _how(graph: Genealogy, lot_id: str) -> str:
    birth = graph.lot(lot_id).birth
    if birth is None:
        return "its birth is not on the ledger"
    batch = None if birth.batch_id is None else graph.batches.get(birth.batch_id)
    return birth.how if batch is None else f"{birth.how} ({batch})"


def _shipment(graph: Genealogy, tie: _Tie, generation: int, *, last: bool) -> Relative:
    life = graph.shipments[tie.id]
    dry = tie.dry_kg if tie.dry_kg is not None else sum(life.lots.values(), Decimal(0))
    recalled = any(life.recalls.values())
    return Relative(tie.id, "shipment", life.state, generation, last, dry, held=recalled)
