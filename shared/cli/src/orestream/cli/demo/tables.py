"""The tables of the demo: balances, what sailed, which rules fired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal

from rich.table import Table

from orestream.contracts.outcome import CommandAnswered
from orestream.contracts.processing import Balance, BatchProcessed
from orestream.contracts.shipments import ShipmentDispatched

_METALS = ("Sb", "Cu", "Au", "Ag", "TREO", "Nd2O3", "Pr6O11")
"""What is sold; the others are told apart."""


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, header_style="bold", title_style="bold")
    for column in columns:
        numbers = column.endswith(("kg", "%"))
        table.add_column(column, justify="right" if numbers else "left", overflow="fold")
    return table


def balance_table(batches: Iterable[BatchProcessed], quarantined: AbstractSet[str]) -> Table:
    """A line for each component of each batch's balance."""
    table = _table(
        "balances", "batch", "of", "in kg", "out kg", "unaccounted kg", "± kg", "recovery %", "verdict"
    )
    for batch in batches:
        name = f"{batch.batch_id} ({batch.stage})"
        for component, line in batch.balance.items():
            table.add_row(name, component, *_figures(line), _verdict(line, batch.batch_id in quarantined))
            name = ""
    return table


def _figures(line: Balance) -> Sequence[str]:
    figures = (line.in_kg, line.out_kg, line.unaccounted_kg, line.tolerance_kg, line.recovery_pct)
    return ["" if figure is None else f"{figure + 0:,}" for figure in figures]  # + 0: no negative nought


def _verdict(line: Balance, quarantined: bool) -> str:
    styles = {"balanced": "green", "gain": "bold red", "loss": "bold red"}
    style = styles.get(line.verdict, "dim")
    frozen = ", quarantined" if quarantined and line.verdict in ("gain", "loss") else ""
    return f"[{style}]{line.verdict}{frozen}[/]"


def shipped_table(sailed: Iterable[ShipmentDispatched]) -> Table:
    """Each lot on board with its metal and its sources."""
    table = _table("shipped", "lot", "material", "wet kg", "dry kg", "metal", "from")
    for ship in sailed:
        for lot in ship.lots:
            metal = ", ".join(f"{name} {kg:,} kg" for name, kg in lot.contained_kg.items() if name in _METALS)
            sources = ", ".join(
                f"{origin.source_id} {origin.name}, {origin.country} ({origin.share * 100:.0f} %)"
                for origin in lot.origins
            )
            table.add_row(lot.lot_id, lot.material, f"{lot.wet_kg:,}", f"{lot.dry_kg:,}", metal, sources)
    return table


def chain_table(fed: Mapping[str, Decimal], shipped: Mapping[str, Decimal]) -> Table:
    """What the ore held that was fed, and how much of it sailed."""
    table = _table("from ore to ship", "element", "in the ore kg", "sailed kg", "of it %")
    for element in (name for name in _METALS if name in fed and name in shipped):
        part = shipped[element] / fed[element] * 100 if fed[element] else Decimal(0)
        table.add_row(element, f"{fed[element]:,}", f"{shipped[element]:,}", f"{part:.2f}")
    return table


def rules_table(outcomes: Iterable[CommandAnswered]) -> Table:
    """Each rule that fired, at which command, and what it said."""
    table = _table("rules that fired", "rule", "command", "status", "why")
    for outcome in sorted(outcomes, key=lambda one: (one.rule or "", one.command_id)):
        if outcome.rule is not None:
            style = "red" if outcome.status == "refused" else "yellow"
            table.add_row(
                outcome.rule,
                f"{outcome.command} {outcome.command_id}",
                f"[{style}]{outcome.status}[/]",
                outcome.message,
            )
    return table
