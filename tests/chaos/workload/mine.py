"""What is said at the mine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.chaos.workload.measures import dry_of, kg, pct, ppm_of, wet_of
from tests.chaos.workload.ores import Lot, Source, results
from tests.chaos.workload.story import Story

MINING = "mining"
TRUCK_G = (18_000_000, 30_000_000)


def register(story: Story, source: Source) -> None:
    """A source is known."""
    story.say(MINING, "RegisterSource", source.id, by="registry-desk", **source.fields())


def mine(story: Story, source: Source, trucks: int = 1) -> Lot:
    """Ore over the weighbridge."""
    nets = [story.between(TRUCK_G) for _ in range(trucks)]
    moisture = story.between((150, 450))
    lot = Lot(
        id=story.names.new("LOT"),
        line=source.line,
        material=source.line.ore,
        sources=(source,),
        moisture=moisture,
        dry_g=dry_of(sum(nets), moisture),
        metal_ppm=story.between(source.line.feed_ppm),
        arsenic_ppm=story.between(source.line.arsenic_ppm),
    )
    say_mined(story, lot.id, source, [ticket(story, net) for net in nets], pct(moisture))
    story.offer(
        lot.id,
        lambda: _overdraw(story, MINING, lot),
        lambda: _mine_again(story, lot),
        lambda: _mine_nothing(story, source),
        lambda: _mine_unknown(story, source),
        lambda: _mine_water(story, source),
        lambda: _leave_unassayed(story, lot),
    )
    return lot


def say_mined(
    story: Story, lot_id: str, source: Source, tickets: Sequence[dict[str, str]], moisture: str, **more: Any
) -> str:
    """The command itself."""
    said = {
        "lot_id": lot_id,
        "source_id": source.id,
        "material": source.line.ore,
        "mineral": source.line.mineral,
        "tickets": list(tickets),
        "moisture_pct": moisture,
        **more,
    }
    return story.say(MINING, "MineLot", lot_id, by="weighbridge-1", **said)


def ticket(story: Story, net_g: int, weighbridge: str = "weighbridge-1") -> dict[str, str]:
    """A weighing under a number of its own."""
    tare = 14_000_000
    return {
        "number": story.names.new("WB"),
        "weighbridge": weighbridge,
        "gross_kg": kg(tare + net_g),
        "tare_kg": kg(tare),
        "weighed_at": story.now(),
    }


def assay(story: Story, service: str, lot: Lot, *, accredited: bool = False, **more: Any) -> str:
    """A certificate on a sealed sample; answers with its number."""
    number, lot.seal = story.names.new("CERT"), story.names.new("SEAL")
    said = certificate(story, number, lot.seal, accredited=accredited)
    said |= {"basis": "dry", "results": list(results(lot, whole=accredited)), **more}
    story.say(service, "AssayLot", lot.id, by="laboratory", lot_id=lot.id, **said)
    return number


def certificate(story: Story, number: str, seal: str, *, accredited: bool) -> dict[str, Any]:
    """The paper and the sample, taken just now."""
    return {
        "certificate": {
            "number": number,
            "laboratory": "Synthetic Assay House",
            "accredited": accredited,
            "issued_at": story.now(20),
        },
        "sample": {"id": story.names.new("S"), "seal": seal, "taken_at": story.now(10)},
    }


def dig(story: Story, source: Source, trucks: int = 1) -> Lot:
    """A lot mined and assayed."""
    lot = mine(story, source, trucks)
    assay(story, MINING, lot)
    return lot


def split(story: Story, service: str, lot: Lot, permille: Sequence[int]) -> list[Lot]:
    """Parts of what is left of a lot, in thousandths, become lots."""
    whole = wet_of(lot.dry_g, lot.moisture)
    wets = [whole * part // 1000 for part in permille]
    children = [_part(story, lot, dry_of(wet, lot.moisture)) for wet in wets]
    parts = [{"lot_id": c.id, "wet_kg": kg(wet)} for c, wet in zip(children, wets, strict=True)]
    lot.dry_g -= sum(child.dry_g for child in children)
    story.say(service, "SplitLot", lot.id, by="yard", lot_id=lot.id, parts=parts)
    return children


def _part(story: Story, lot: Lot, dry_g: int) -> Lot:
    return Lot(
        id=story.names.new("LOT"),
        line=lot.line,
        material=lot.material,
        sources=lot.sources,
        moisture=lot.moisture,
        dry_g=dry_g,
        metal_ppm=lot.metal_ppm,
        arsenic_ppm=lot.arsenic_ppm,
    )


def blend(story: Story, service: str, lots: Sequence[Lot], permille: Sequence[int]) -> Lot:
    """Parts of what is left of lots of one line, in thousandths, become one lot."""
    wets = [wet_of(lot.dry_g, lot.moisture) * part // 1000 for lot, part in zip(lots, permille, strict=True)]
    dries = [dry_of(wet, lot.moisture) for lot, wet in zip(lots, wets, strict=True)]
    dry, wet = sum(dries), sum(wets)
    mixed = Lot(
        id=story.names.new("MIX"),
        line=lots[0].line,
        material=lots[0].material,
        sources=tuple(dict.fromkeys(source for lot in lots for source in lot.sources)),
        moisture=10_000 - dry * 10_000 // wet,
        dry_g=dry,
        metal_ppm=ppm_of(
            sum(d * lot.metal_ppm for d, lot in zip(dries, lots, strict=True)) // 1_000_000, dry
        ),
        arsenic_ppm=ppm_of(
            sum(d * lot.arsenic_ppm for d, lot in zip(dries, lots, strict=True)) // 1_000_000, dry
        ),
    )
    for lot, gone in zip(lots, dries, strict=True):
        lot.dry_g -= gone
    parts = [{"lot_id": lot.id, "wet_kg": kg(part)} for lot, part in zip(lots, wets, strict=True)]
    story.say(
        service, "BlendLots", mixed.id, by="yard", lot_id=mixed.id, material=mixed.material, parts=parts
    )
    return mixed


def despatch(story: Story, service: str, lot: Lot, to: str, **more: Any) -> None:
    """All that is left of it leaves."""
    story.withdraw(lot.id)
    destination = "Karachi" if to == "export" else "PLANT-1"
    story.say(
        service,
        "DespatchLot",
        lot.id,
        by="dispatcher",
        lot_id=lot.id,
        to=to,
        destination=destination,
        **more,
    )


def hold(story: Story, service: str, lot: Lot, **more: Any) -> str:
    """A hold, by the quality desk; answers with its id."""
    said = {"cause": "origin", "reason": "licence boundary disputed", "authority": "quality manager", **more}
    return story.say(service, "HoldLot", lot.id, by="quality", lot_id=lot.id, **said)


def lift(story: Story, service: str, lot: Lot, hold_id: str, by: str = "director", **more: Any) -> None:
    """The end of a hold."""
    said = {"hold_id": hold_id, "reason": "surveyed again", "authority": "director", **more}
    story.say(service, "LiftHold", lot.id, by=by, lot_id=lot.id, **said)


def _overdraw(story: Story, service: str, lot: Lot) -> None:
    much = [{"lot_id": story.names.new("LOT"), "wet_kg": "900000000.000"}]
    story.refuse(service, "SplitLot", lot.id, lot_id=lot.id, parts=much)


def _mine_again(story: Story, lot: Lot) -> None:
    tickets = [ticket(story, 20_000_000)]
    say_mined(story, lot.id, lot.sources[0], tickets, "2.00", meant="refused")


def _mine_nothing(story: Story, source: Source) -> None:
    light = ticket(story, 20_000_000) | {"gross_kg": "13900.000"}
    say_mined(story, story.names.new("LOT"), source, [light], "2.00", meant="refused")


def _mine_unknown(story: Story, source: Source) -> None:
    tickets = [ticket(story, 20_000_000)]
    say_mined(
        story, story.names.new("LOT"), source, tickets, "2.00", material="unobtainium-ore", meant="refused"
    )


def _mine_water(story: Story, source: Source) -> None:
    tickets = [ticket(story, 20_000_000)]
    say_mined(story, story.names.new("LOT"), source, tickets, "100.00", meant="refused")


def _leave_unassayed(story: Story, lot: Lot) -> None:
    """No laboratory at the mine is accredited."""
    said = {"lot_id": lot.id, "to": "export", "destination": "Karachi"}
    story.refuse(MINING, "DespatchLot", lot.id, **said)


def assay_under_used_seal(story: Story, service: str, lot: Lot) -> None:
    """The seal is that of a sample before."""
    said = certificate(story, story.names.new("CERT"), lot.seal, accredited=False)
    said |= {"basis": "dry", "results": list(results(lot))}
    story.refuse(service, "AssayLot", lot.id, lot_id=lot.id, **said)
