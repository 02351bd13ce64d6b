"""`orestream trace`: where a lot or shipment comes from, and what became of it."""

from __future__ import annotations

import json as json_
from difflib import get_close_matches
from typing import Annotated

import typer
from rich.text import Text
from rich.tree import Tree

from orestream.chassis.settings import Settings
from orestream.cli.failing import Unusable
from orestream.cli.family import Relative, ancestry, descent
from orestream.cli.genealogy import Genealogy, genealogy
from orestream.cli.ledger import decode_all
from orestream.cli.options import AsJson, Bootstrap
from orestream.cli.reading import read_all
from orestream.cli.running import answering_for_mistakes, read_settings, run
from orestream.cli.terminal import answers, say_raw
from orestream.contracts.topics import EXPORT_SHIPMENTS, MINING_LOTS, PROCESSING_LOTS

EXAMPLE = "Example: orestream trace SHP-0001"

_METALS_SHOWN = 4
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
    up = ancestry(graph, of)
    down = descent(graph, of) if of in graph.lots else None
    if json:
        found = {"id": of, "ancestry": up.as_json()} | ({"descent": down.as_json()} if down else {})
        say_raw(json_.dumps(found, ensure_ascii=False))
        return
    out = answers(_WIDEST)
    out.print(_drawn(up, "comes from"))
    if down is not None:
        out.print(_drawn(down, "went into"))


async def _read(settings: Settings, wanted: str) -> Genealogy:
    """The graph, in which `wanted` is known. Raises Unusable."""
    records = await read_all(settings, [EXPORT_SHIPMENTS, PROCESSING_LOTS, MINING_LOTS])
    graph = genealogy(decode_all(records))
    known = [*graph.lots, *graph.shipments]
    if wanted not in graph.lots and wanted not in graph.shipments:
        near = get_close_matches(wanted, known, n=3)
        advice = f"did you mean {', '.join(near)}?" if near else f"{len(known)} lots and shipments are known"
        raise Unusable(f"no fact speaks of {wanted}", advice)
    return graph


def _drawn(root: Relative, title: str) -> Tree:
    tree = Tree(_label(root).append(f"  {title}", style="dim italic"))
    _grow(tree, root)
    return tree


def _grow(tree: Tree, member: Relative) -> None:
    for relative in member.relatives:
        _grow(tree.add(_label(relative)), relative)


def _label(member: Relative) -> Text:
    label = Text.assemble(
        (member.id, "bold cyan" if member.kind == "shipment" else "bold"), f"  {member.how}"
    )
    if member.dry_kg is not None:
        label.append(f"  {member.dry_kg:,} kg dry")
    if member.share is not None:
        label.append(f"  {member.share * 100:.2f} %", style="green")
    metals = list(member.metals_kg.items())[:_METALS_SHOWN]
    if metals:
        label.append("  " + ", ".join(f"{name} {mass:,} kg" for name, mass in metals), style="yellow")
    if member.held:
        label.append("  RECALLED" if member.kind == "shipment" else "  HELD", style="bold red")
    if member.repeated:
        label.append("  (drawn above)", style="dim")
    return label
