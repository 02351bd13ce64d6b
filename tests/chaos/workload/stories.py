"""The stories that a workload is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.workload import mine, plant, port
from tests.chaos.workload.measures import kg, pct, wet_of
from tests.chaos.workload.mine import MINING
from tests.chaos.workload.ores import Lot, Source, results
from tests.chaos.workload.plant import PROCESSING
from tests.chaos.workload.port import EXPORT
from tests.chaos.workload.story import Story

_PILE_TRUCKS = 80
_PILE_KEPT_G = 100_000_000
"""Never drawn, so that whoever comes late finds enough."""
_DRAW_G = (3_000_000, 9_000_000)


def dig(story: Story, sources: Sequence[Source]) -> None:
    """In mining alone: lots, their assays, parts and blends of them."""
    lots = [mine.dig(story, sources[0]) for _ in range(story.between((1, 3)))]
    for lot in lots:
        story.offer(f"seal {lot.id}", lambda lot=lot: mine.assay_under_used_seal(story, MINING, lot))  # type: ignore[misc]
    parts = mine.split(story, MINING, lots[0], (300, 200))
    if len(lots) > 1:
        mixed = mine.blend(story, MINING, lots[:2], (400, 600))
        mine.assay(story, MINING, mixed)
        parts.append(mixed)
    mine.despatch(story, MINING, story.chance.choice(parts), "processing")


def chain(story: Story, sources: Sequence[Source]) -> None:
    """From the ground to the sea; now and then held, and recalled, when it has sailed."""
    dug = [mine.dig(story, source) for source in sources[: story.between((1, 2))]]
    fed = [_mixed(story, dug)] if len(dug) > 1 and story.chance.random() < 0.4 else dug
    for lot in fed:
        mine.despatch(story, MINING, lot, "processing")
        plant.receive(story, PROCESSING, lot)
    concentrate, tails = plant.process(
        story, [(lot, wet_of(lot.dry_g, lot.moisture) * 99 // 100) for lot in fed]
    )
    mine.assay(story, PROCESSING, concentrate, accredited=True)
    if story.chance.random() < 0.3:
        mine.split(story, PROCESSING, tails, (500, 250))
        (concentrate,) = mine.split(story, PROCESSING, concentrate, (800,))
        mine.assay(story, PROCESSING, concentrate, accredited=True)
    mine.despatch(story, PROCESSING, concentrate, "export")
    _ship(story, concentrate)
    if story.refused and story.chance.random() < 0.25:
        _recall(story, dug[0])


def _mixed(story: Story, dug: Sequence[Lot]) -> Lot:
    mixed = mine.blend(story, MINING, dug, (900,) * len(dug))
    mine.assay(story, MINING, mixed)
    return mixed


def ore_shipped(story: Story, sources: Sequence[Source]) -> None:
    """Rich ore leaves as it was mined."""
    lot = mine.mine(story, sources[0])
    mine.assay(story, MINING, lot, accredited=True)
    mine.despatch(story, MINING, lot, "export")
    _ship(story, lot)


def _ship(story: Story, lot: Lot) -> None:
    plant.receive(story, EXPORT, lot)
    shipment = port.sell(story, lot)
    port.allocate(story, shipment)
    port.stuff(story, shipment)
    port.paper(story, shipment)
    port.sail(story, shipment)


def _recall(story: Story, lot: Lot) -> None:
    """Held after the sailing: what was made of it is recalled, and half the time the hold is lifted."""
    held = mine.hold(story, MINING, lot)
    if story.chance.random() < 0.5:
        mine.lift(story, MINING, lot, held)


def held(story: Story, sources: Sequence[Source]) -> None:
    """A lot with descendants is held, refused to leave, freed, and leaves."""
    root = mine.dig(story, sources[0])
    children = mine.split(story, MINING, root, (300, 300))
    for child in children:
        mine.split(story, MINING, child, (200, 200))
    hold_id = mine.hold(story, MINING, root, cause=story.chance.choice(("origin", "safety")))
    mine.despatch(story, MINING, root, "processing", meant="refused")
    mine.lift(story, MINING, root, hold_id, by="quality", meant="refused")
    # The children's own keys: whether the hold has been read there is nobody's promise.
    mine.despatch(story, MINING, children[0], "processing", meant="either")
    if story.chance.random() < 0.7:
        mine.lift(story, MINING, root, hold_id)
        mine.lift(story, MINING, root, hold_id, meant="refused")
        mine.despatch(story, MINING, root, "processing")


def quarantined(story: Story, sources: Sequence[Source]) -> None:
    """A lot comes short to the plant, or a batch loses metal: frozen until somebody else releases it."""
    lot = mine.dig(story, sources[0])
    mine.despatch(story, MINING, lot, "processing")
    if story.chance.random() < 0.5:
        plant.receive(story, PROCESSING, lot, permille=story.between((900, 980)))
        plant.release(story, PROCESSING, lot.id, lot_id=lot.id)
        plant.process(story, [(lot, wet_of(lot.dry_g, lot.moisture) // 2)])
        return
    plant.receive(story, PROCESSING, lot)
    concentrate, _ = plant.process(
        story, [(lot, wet_of(lot.dry_g, lot.moisture) * 9 // 10)], stolen_permille=story.between((60, 200))
    )
    mine.assay(story, PROCESSING, concentrate, accredited=True)
    mine.despatch(story, PROCESSING, concentrate, "export", meant="refused")
    batch_id = next(
        said.key for said in story.said if said.name == "ProcessBatch" and said.meant == "accepted"
    )
    plant.release(story, PROCESSING, batch_id, batch_id=batch_id)
    # The release has the batch's key, the lot its own: either may be read first.
    mine.despatch(story, PROCESSING, concentrate, "export", meant="either")


def contest(story: Story, sources: Sequence[Source]) -> None:
    """Two claims on one thing; the first to come wins, and nothing rests on who it was."""
    story.chance.choice((_one_ticket, _one_seal, _one_stock))(story, sources)


def _one_ticket(story: Story, sources: Sequence[Source]) -> None:
    weighed = [mine.ticket(story, 21_000_000)]
    for _ in range(2):
        mine.say_mined(story, story.names.new("LOT"), sources[0], weighed, "2.50", meant="either")


def _one_seal(story: Story, sources: Sequence[Source]) -> None:
    lots = [mine.mine(story, sources[0]) for _ in range(2)]
    seal = story.names.new("SEAL")
    for lot in lots:
        said = mine.certificate(story, story.names.new("CERT"), seal, accredited=False)
        said |= {"basis": "dry", "results": list(results(lot))}
        story.say(MINING, "AssayLot", lot.id, meant="either", lot_id=lot.id, **said)


def _one_stock(story: Story, sources: Sequence[Source]) -> None:
    """Two blends, each of most of one lot."""
    lot = mine.dig(story, sources[0])
    parts = [{"lot_id": lot.id, "wet_kg": kg(wet_of(lot.dry_g, lot.moisture) * 7 // 10)}]
    for _ in range(2):
        mixed = story.names.new("MIX")
        said: dict[str, Any] = {"lot_id": mixed, "material": lot.material, "parts": parts}
        story.say(MINING, "BlendLots", mixed, meant="either", **said)


def stranded(story: Story, sources: Sequence[Source]) -> None:
    """What waits for a lot that is never mined, and queues behind it."""
    never = story.names.new("NEVER")
    weighed = [mine.ticket(story, 20_000_000, "PLANT-1")]
    said: dict[str, Any] = {"lot_id": never, "place": "PLANT-1", "tickets": weighed, "moisture_pct": pct(250)}
    story.say(PROCESSING, "ReceiveLot", never, meant="waiting", **said)
    reason = {"cause": "origin", "reason": "where is it", "authority": "quality manager"}
    story.say(PROCESSING, "HoldLot", never, meant="waiting", lot_id=never, **reason)


@dataclass(slots=True)
class Piles:
    """The stockpile that everybody draws on: one at the mine, one at the plant, new ones when they end."""

    sources: Sequence[Source]
    _at: dict[str, Lot] = field(default_factory=dict)

    def draw(self, story: Story) -> None:
        """A few draws on one of them, which contend for one aggregate and often for one lane."""
        service = story.chance.choice((MINING, PROCESSING, PROCESSING))
        lot = self._pile(story, service)
        for _ in range(story.between((1, 4))):
            if lot.dry_g < _PILE_KEPT_G:
                return
            self._draw(story, service, lot)

    def _draw(self, story: Story, service: str, lot: Lot) -> None:
        wet = story.between(_DRAW_G)
        if service == PROCESSING:
            if story.chance.random() < story.refused:
                plant.overdraw_batch(story, lot)
            plant.process(story, [(lot, wet)])
        elif story.chance.random() < 0.5:
            mine.split(story, MINING, lot, (wet * 1000 // wet_of(lot.dry_g, lot.moisture) + 1,))
        else:
            self._blend(story, lot, wet)

    def _blend(self, story: Story, lot: Lot, wet: int) -> None:
        mine.blend(story, MINING, [lot], (wet * 1000 // wet_of(lot.dry_g, lot.moisture) + 1,))

    def _pile(self, story: Story, service: str) -> Lot:
        lot = self._at.get(service)
        if lot is not None and lot.dry_g >= _PILE_KEPT_G:
            return lot
        lot = mine.dig(story, story.chance.choice(self.sources), _PILE_TRUCKS)
        story.withdraw(lot.id)
        if service == PROCESSING:
            mine.despatch(story, MINING, lot, "processing")
            plant.receive(story, PROCESSING, lot)
            story.withdraw(f"{PROCESSING} {lot.id}")
        self._at[service] = lot
        return lot
