"""Outcomes and facts in one line each, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from rich.text import Text

from orestream.cli.terminal import STATUS_STYLE
from orestream.contracts.message import Message
from orestream.contracts.outcome import CommandAnswered
from orestream.contracts.wire import Envelope

_SHOWN = (
    "status",
    "command",
    "rule",
    "step",
    "kind",
    "verdict",
    "material",
    "stage",
    "role",
    "to",
    "into",
    "container_no",
    "test",
    "wet_kg",
    "dry_kg",
    "root",
    "reason",
)
"""Fields worth a place on a line, in this order."""


def short_type(type_: str) -> str:
    """`orestream.lot.mined.v1` → `lot.mined`."""
    return type_.removeprefix("orestream.").rsplit(".v", 1)[0]


def outcome_line(outcome: CommandAnswered, subject: str = "") -> Text:
    """Status, command, what it is about, and the facts or the rule."""
    line = Text.assemble(
        (f"{outcome.status:<9}", STATUS_STYLE[outcome.status]),
        f" {outcome.command_id:<10} {outcome.command}",
        (f" {subject}" if subject else "", "bold"),
    )
    if outcome.rule is not None:
        line.append(f"  {outcome.rule}", style="red" if outcome.status == "refused" else "yellow")
    if outcome.message:
        line.append(f" {outcome.message}" if outcome.rule else f"  {outcome.message}")
    facts = fact_counts(fact.type for fact in outcome.facts)
    if facts:
        line.append(f"  {facts}", style="dim")
    if outcome.conflict:
        line.append("  (this id was used before with other content)", style="yellow")
    elif outcome.repeat:
        line.append("  (repeated)", style="dim")
    return line


def fact_counts(types: Iterable[str]) -> str:
    """`lot.drawn ×2, batch.processed`."""
    counts = Counter(short_type(type_) for type_ in types)
    return ", ".join(name if count == 1 else f"{name} ×{count}" for name, count in counts.items())


def fact_line(envelope: Envelope, message: Message) -> Text:
    """Time, type, subject and the fields that matter most."""
    return Text.assemble(
        (f"{envelope.time:%Y-%m-%d %H:%M}", "dim"),
        f"  {envelope.service:<10} ",
        (f"{short_type(envelope.type):<24} ", "cyan"),
        (f"{envelope.subject}", "bold"),
        f"  {_details(message)}",
    )


def _details(message: Message) -> str:
    pieces = []
    for name in _SHOWN:
        value: Any = getattr(message, name, None)
        if value is None:
            continue
        pieces.append(f"{value} kg {name[:3]}" if name in ("wet_kg", "dry_kg") else str(value))
    return "  ".join(pieces)
