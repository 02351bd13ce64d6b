"""A family as text, line by line with its guides, and as JSON, piece by piece: neither is ever held whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text
from rich.tree import Tree

from orestream.cli.family import Relative

_METALS_SHOWN = 4
_ROOM = 20
"""Columns that a label needs; where its guides leave it less, its generation's number stands for them."""
_STEP = 4
"""Columns of one guide."""
_SPACE, _LINE, _FORK, _END = range(4)


def draw(out: Console, family: Iterable[Relative], title: str) -> None:
    """A tree with its root on top, which the title follows."""
    lasts: list[bool] = []
    for member in family:
        del lasts[max(member.generation - 1, 0) :]
        if member.generation:
            lasts.append(member.last)
        label = _label(member)
        if not member.generation:
            label.append(f"  {title}", style="dim italic")
        row = _Row(label, lasts)
        plain = row.plain(out.options) if out.color_system is None else None
        if plain is None:
            out.print(row)
        else:  # a file may take a hundred thousand rows: what needs no layout gets none
            out.file.write(plain)


def pieces(family: Iterable[Relative]) -> Iterator[str]:
    """The JSON object of the root, in which each member holds its `relatives`."""
    before = -1
    for member in family:
        if member.generation > before:
            yield "" if before < 0 else ', "relatives": ['
        else:
            yield "}" + "]}" * (before - member.generation) + ", "
        yield json.dumps(member.as_json(), ensure_ascii=False).removesuffix("}")
        before = member.generation
    yield "}" + "]}" * before


@dataclass(frozen=True, slots=True)
class _Row:
    """One member as a rich tree shows it: its guides, then its label in the room that they leave."""

    label: Text
    lasts: Sequence[bool]
    """From the first generation down to this one, whether that member is the last of its generation."""

    def plain(self, options: ConsoleOptions) -> str | None:
        """The row without styles; None where its label has to be wrapped or cleaned."""
        label = self.label.plain
        if not label.isprintable() or cell_len(label) > self._room(options) or self._room(options) < _ROOM:
            return None
        return f"{self._guides(options)[0]}{label}\n"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = self._room(options)
        if room < _ROOM:
            yield Text(f"{len(self.lasts)}: ", style="dim").append(self.label)
            return
        guides = self._guides(options)
        lines = console.render_lines(self.label, options.update(width=room, height=None), pad=False)
        for index, line in enumerate(lines):
            yield Segment(guides[min(index, 1)])
            yield from line
            yield Segment.line()

    def _room(self, options: ConsoleOptions) -> int:
        return options.max_width - _STEP * len(self.lasts)

    def _guides(self, options: ConsoleOptions) -> tuple[str, str]:
        """Before the first line of the label, and before the others."""
        if not self.lasts:
            return "", ""
        kinds = Tree.ASCII_GUIDES if options.ascii_only else Tree.TREE_GUIDES[0]
        above = "".join(kinds[_SPACE if last else _LINE] for last in self.lasts[:-1])
        first, then = (_END, _SPACE) if self.lasts[-1] else (_FORK, _LINE)
        return above + kinds[first], above + kinds[then]


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
