"""What is said at the plant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.chaos.workload.measures import dry_of, kg, metal_g, pct, ppm_of, wet_of
from tests.chaos.workload.mine import ticket
from tests.chaos.workload.ores import Line, Lot, results
from tests.chaos.workload.story import Story

PROCESSING = "processing"
_WET_CONCENTRATE, _WET_TAILS = 700, 2000


@dataclass(frozen=True, slots=True)
class _Stream:
    """What comes out of a batch on one side."""

    dry_g: int
    metal_ppm: int
    arsenic_ppm: int


def receive(story: Story, service: str, lot: Lot, permille: int | None = None) -> None:
    """It is weighed in, a little lighter than it left unless said."""
    lost = 1000 - story.between((0, 3)) if permille is None else permille
    wet = wet_of(lot.dry_g, lot.moisture) * lost // 1000
    lot.dry_g = dry_of(wet, lot.moisture)
    _weighed_in(story, service, lot, [wet])
    story.offer(
        f"{service} {lot.id}",
        lambda: _receive_again(story, service, lot),
        lambda: _overdraw(story, service, lot),
    )


def _weighed_in(story: Story, service: str, lot: Lot, wets: Sequence[int], **more: Any) -> None:
    place = "PKKHI" if service == "export" else "PLANT-1"
    said = {
        "lot_id": lot.id,
        "place": place,
        "tickets": [ticket(story, wet, place) for wet in wets],
        "moisture_pct": pct(lot.moisture),
        **more,
    }
    story.say(service, "ReceiveLot", lot.id, by=f"gate-{place}", **said)


def process(
    story: Story,
    draws: Sequence[tuple[Lot, int]],
    *,
    stolen_permille: int = 0,
    **more: Any,
) -> tuple[Lot, Lot]:
    """A flotation of so much wet of each lot, grams; answers with concentrate and tails.

    Args:
        story: who tells it.
        draws: lots at the plant, and how much of each.
        stolen_permille: of the dry mass, how much goes and is not declared: beyond the tolerance it
            puts the batch into quarantine.
        more: other fields of the command.
    """
    of = replace(draws[0][0], sources=tuple(dict.fromkeys(s for lot, _ in draws for s in lot.sources)))
    rich, poor = _separated(story, of.line, *_drawn(draws))
    concentrate = _made(story.names.new("CON"), of, of.line.concentrate, rich, _WET_CONCENTRATE)
    tails = _made(story.names.new("TLS"), of, "tailings", poor, _WET_TAILS)
    dry = rich.dry_g + poor.dry_g
    told = tails.dry_g - dry * stolen_permille // 1000
    _say_batch(story, draws, [(concentrate, concentrate.dry_g), (tails, told)], **more)
    return concentrate, tails


def _drawn(draws: Sequence[tuple[Lot, int]]) -> tuple[int, int, int]:
    """Takes it from the lots; answers with dry grams, and grams of metal and of arsenic."""
    dry = metal = arsenic = 0
    for lot, wet in draws:
        gone = dry_of(wet, lot.moisture)
        lot.dry_g -= gone
        dry += gone
        metal += metal_g(gone, lot.metal_ppm)
        arsenic += metal_g(gone, lot.arsenic_ppm)
    return dry, metal, arsenic


def _separated(story: Story, line: Line, dry: int, metal: int, arsenic: int) -> tuple[_Stream, _Stream]:
    """Concentrate and tails: what went in comes out."""
    won = metal * story.between((860, 930)) // 1000
    rich = won * 1_000_000 // story.between(line.rich_ppm)
    poor = dry - rich
    taken = arsenic * 45 // 100
    return (
        _Stream(rich, ppm_of(won, rich), ppm_of(taken, rich)),
        _Stream(poor, ppm_of(metal - won, poor), ppm_of(arsenic - taken, poor)),
    )


def _made(id_: str, of: Lot, material: str, stream: _Stream, moisture: int) -> Lot:
    return Lot(
        id=id_,
        line=of.line,
        material=material,
        sources=of.sources,
        moisture=moisture,
        dry_g=stream.dry_g,
        metal_ppm=stream.metal_ppm,
        arsenic_ppm=stream.arsenic_ppm,
    )


def _say_batch(
    story: Story, draws: Sequence[tuple[Lot, int]], made: Sequence[tuple[Lot, int]], **more: Any
) -> str:
    batch_id = story.names.new("BATCH")
    started, ended = story.now(5), story.now(25)
    said = {
        "batch_id": batch_id,
        "plant_id": "PLANT-1",
        "stage": "flotation",
        "started_at": started,
        "ended_at": ended,
        "inputs": [{"lot_id": lot.id, "wet_kg": kg(wet)} for lot, wet in draws],
        "reagents": [{"name": "xanthate", "kg": "9.000", "origin": "PK"}],
        "outputs": [
            {
                "lot_id": lot.id,
                "role": "tailings" if lot.material == "tailings" else "product",
                "material": lot.material,
                "wet_kg": kg(wet_of(dry, lot.moisture)),
                "moisture_pct": pct(lot.moisture),
                "results": list(results(lot)),
            }
            for lot, dry in made
        ],
        **more,
    }
    story.say(PROCESSING, "ProcessBatch", batch_id, by="shift-b", **said)
    return batch_id


def overdraw_batch(story: Story, lot: Lot) -> None:
    """A batch that wants far more than the lot ever held."""
    out = {
        "lot_id": story.names.new("CON"),
        "role": "product",
        "material": lot.line.concentrate,
        "wet_kg": "100.000",
        "moisture_pct": "7.00",
    }
    story.refuse(
        PROCESSING,
        "ProcessBatch",
        batch_id := story.names.new("BATCH"),
        batch_id=batch_id,
        plant_id="PLANT-1",
        stage="flotation",
        started_at=story.now(5),
        ended_at=story.now(25),
        inputs=[{"lot_id": lot.id, "wet_kg": "900000000.000"}],
        outputs=[out],
    )


def release(story: Story, service: str, key: str, **what: str) -> None:
    """The end of a quarantine, by somebody else than who caused it."""
    said: dict[str, Any] = {"reason": "weighed again", "authority": "director", **what}
    story.say(service, "ReleaseQuarantine", key, by="director", **said)


def _receive_again(story: Story, service: str, lot: Lot) -> None:
    _weighed_in(story, service, lot, [20_000_000], meant="refused")


def _overdraw(story: Story, service: str, lot: Lot) -> None:
    if service == PROCESSING:
        overdraw_batch(story, lot)
    else:
        _receive_again(story, service, lot)
