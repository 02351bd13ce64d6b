"""Which holds a fact brings upon which lot, whose it is to tell of that, and in what words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orestream.contracts.decision import Happened, World
from orestream.contracts.lots import LotBlended, LotHeld, LotSplit
from orestream.contracts.message import Fact
from orestream.contracts.mining import LotMined
from orestream.contracts.processing import BatchProcessed, LotProduced
from orestream.lots.genealogy import holds_on
from orestream.lots.holdfacts import held, lifted
from orestream.lots.state import HOLD, Hold, Kin


def brought(world: World, happened: Happened) -> Iterator[tuple[Hold, str]]:
    """Each hold with each lot that a fact brings under it, those below not included. `world`: after it."""
    newly: list[tuple[str, Iterable[Hold]]]
    match happened.fact:
        case LotHeld() as fact:
            newly = [(fact.lot_id, world.get_all(HOLD, [fact.hold_id]).values())]
        case LotMined() | LotProduced() | LotSplit() | LotBlended() as born:
            newly = [(born.lot_id, holds_on(world, born.lot_id))]
        case BatchProcessed() as batch:
            newly = [(made.lot_id, holds_on(world, made.lot_id)) for made in batch.outputs]
        case _:
            newly = []
    yield from ((hold, lot_id) for lot_id, holds in newly for hold in holds)


def tells(service: str, hold: Hold, kin: Kin | None) -> bool:
    """Whether it is this service's to tell of a hold on a lot."""
    return hold.own or (kin is not None and kin.service == service)


def told(service: str, hold: Hold, lot_id: str, kin: Kin | None) -> tuple[Fact, ...]:
    """What this service tells of a hold on a lot: that it is held, and where the hold has ended that too."""
    if not tells(service, hold, kin):
        return ()
    if hold.lifted_at is None:
        return (held(hold, lot_id),)
    if kin is not None and kin.born_at is not None and hold.lifted_at <= kin.born_at:
        return ()
    return (held(hold, lot_id), lifted(hold, lot_id))
