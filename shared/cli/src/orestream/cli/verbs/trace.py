"""`orestream trace`: where a lot or shipment comes from, and what became of it."""

from __future__ import annotations

import json as json_
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated

import typer

from orestream.chassis.settings import Settings
from orestream.cli.drawing import draw, pieces
from orestream.cli.failing import Unusable
from orestream.cli.family import ancestry, descent
from orestream.cli.genealogy import Genealogy
from orestream.cli.growing import grow
from orestream.cli.options import AsJson, Bootstrap
from orestream.cli.reading import topic_reader
from orestream.cli.running import answering_for_mistakes, read_settings, run
from orestream.cli.terminal import answers, progress_bar, say_pieces
from orestream.contracts.topics import EXPORT_SHIPMENTS, MINING_LOTS, PROCESSING_LOTS

EXAMPLE = "Example: orestream trace SHP-0001"

_TOPICS = (EXPORT_SHIPMENTS, PROCESSING_LOTS, MINING_LOTS)
"""Effects before causes: their ends are taken in this order, so that no effect is read without its cause."""
_WIDEST = 1000


def trace(
    of: Annotated[str, typer.Argument(help="Id of a lot or shipment.", metavar="LOT|SHIPMENT")],
    *,
    bootstrap: Bootstrap = None,
    json: AsJson = False,
) -> None:
    """Draw the ancestry and descent of a lot or shipment: kg dry, shares, metal, holds.

    Everything is read from the fact topics, as any subscriber could.
    """
    with answering_for_mistakes():
        settings = read_settings(bootstrap)
    graph = run(_read(settings, of))
    with answering_for_mistakes():
        if json:
            say_pieces(_as_json(graph, of))
        else:
            _draw(graph, of)


async def _read(settings: Settings, wanted: str) -> Genealogy:
    """The graph, in which `wanted` is known. Raises Unusable."""
    graph = Genealogy()
    async with topic_reader(settings, _TOPICS) as reader:
        ends = await reader.ends(_TOPICS)
        starts = await reader.starts("beginning")
        with progress_bar() as bar:
            task = bar.add_task("read", total=sum(ends.values()) - sum(starts.values()))
            async for records in reader.passing(starts, ends, lambda more: bar.advance(task, more)):
                for record in records:
                    grow(graph, record)
    known = [*graph.lots, *graph.shipments]
    if wanted not in graph.lots and wanted not in graph.shipments:
        near = get_close_matches(wanted, known, n=3)
        advice = f"did you mean {', '.join(near)}?" if near else f"{len(known)} lots and shipments are known"
        raise Unusable(f"no fact speaks of {wanted}", advice)
    return graph


def _draw(graph: Genealogy, of: str) -> None:
    out = answers(_WIDEST)
    draw(out, ancestry(graph, of), "comes from")
    if of in graph.lots:
        draw(out, descent(graph, of), "went into")


def _as_json(graph: Genealogy, of: str) -> Iterator[str]:
    yield f'{{"id": {json_.dumps(of, ensure_ascii=False)}, "ancestry": '
    yield from pieces(ancestry(graph, of))
    if of in graph.lots:
        yield ', "descent": '
        yield from pieces(descent(graph, of))
    yield "}"
