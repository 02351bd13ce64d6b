"""What is drawn from lots is what went into batches, splits and blends, kilogram by kilogram."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from orestream.cli.ledger import Ledger
from orestream.cli.ledger_checks.verdict import GRAM, Verdict, Violation, plural
from orestream.contracts.lots import LotBlended, LotDrawn, LotSplit
from orestream.contracts.processing import BatchProcessed, LotProduced


class Mass(NamedTuple):
    """Kg wet and dry."""

    wet: Decimal
    dry: Decimal


NOTHING = Mass(Decimal(0), Decimal(0))
Given = Mapping[str, Mass]
"""Lot → what it gave."""


def check_draws(ledger: Ledger) -> Verdict:
    """Draws into a batch are its inputs; draws into a lot are the lot; parents' masses are the draws."""
    drawn = _drawn(ledger)
    found = [*_batches(ledger, drawn), *_lots(ledger, drawn), *_produced(ledger), *_nowhere(ledger, drawn)]
    return Verdict("what is drawn is what went in", plural(len(drawn), "destination"), tuple(found))


def _drawn(ledger: Ledger) -> Mapping[str, Given]:
    found: dict[str, dict[str, Mass]] = defaultdict(dict)
    for entry in ledger.of(LotDrawn):
        fact = entry.message
        found[fact.into][fact.lot_id] = _sum(
            [found[fact.into].get(fact.lot_id, NOTHING), Mass(fact.wet_kg, fact.dry_kg)]
        )
    return found


def _batches(ledger: Ledger, drawn: Mapping[str, Given]) -> Iterator[Violation]:
    for entry in ledger.of(BatchProcessed):
        batch = entry.message
        inputs: dict[str, Mass] = {}
        for used in batch.inputs:
            inputs[used.lot_id] = _sum([inputs.get(used.lot_id, NOTHING), Mass(used.wet_kg, used.dry_kg)])
        yield from _compare(batch.batch_id, inputs, drawn.get(batch.batch_id, {}))


def _lots(ledger: Ledger, drawn: Mapping[str, Given]) -> Iterator[Violation]:
    for entry in ledger.of(LotSplit, LotBlended):
        lot = entry.message
        given = drawn.get(lot.lot_id, {})
        total = _sum(given.values())
        if total != (lot.wet_kg, lot.dry_kg):
            yield Violation(
                lot.lot_id,
                f"{total.wet} kg wet, {total.dry} kg dry were drawn for it; "
                f"it was born with {lot.wet_kg} wet, {lot.dry_kg} dry",
            )
        named = {parent.lot_id: parent.dry_kg for parent in lot.parents}
        if named != {parent: mass.dry for parent, mass in given.items()}:
            yield Violation(lot.lot_id, "its parents' masses are not what was drawn from them")


def _produced(ledger: Ledger) -> Iterator[Violation]:
    """The parents of a produced lot are its batch's inputs."""
    inputs: dict[str, dict[str, Decimal]] = {}
    for entry in ledger.of(BatchProcessed):
        dry: dict[str, Decimal] = defaultdict(Decimal)
        for used in entry.message.inputs:
            dry[used.lot_id] += used.dry_kg
        inputs[entry.message.batch_id] = dict(dry)
    for produced in ledger.of(LotProduced):
        lot = produced.message
        named = {parent.lot_id: parent.dry_kg for parent in lot.parents}
        if named != inputs.get(lot.batch_id):
            yield Violation(lot.lot_id, f"its parents are not the inputs of {lot.batch_id}")


def _nowhere(ledger: Ledger, drawn: Mapping[str, Given]) -> Iterator[Violation]:
    there = {entry.message.batch_id for entry in ledger.of(BatchProcessed)}
    there |= {entry.message.lot_id for entry in ledger.of(LotSplit, LotBlended)}
    for into, given in drawn.items():
        if into not in there:
            yield Violation(
                into, f"{_sum(given.values()).dry} kg dry were drawn into it, and it does not exist"
            )


def _compare(batch: str, inputs: Given, given: Given) -> Iterator[Violation]:
    for lot in sorted(inputs.keys() | given.keys()):
        used, drawn = inputs.get(lot, NOTHING), given.get(lot, NOTHING)
        if abs(used.wet - drawn.wet) >= GRAM or abs(used.dry - drawn.dry) >= GRAM:
            yield Violation(
                batch,
                f"it used {used.wet} kg wet, {used.dry} kg dry of {lot}; {drawn.wet}, {drawn.dry} were drawn",
            )


def _sum(masses: Iterable[Mass]) -> Mass:
    wet = dry = Decimal(0)
    for mass in masses:
        wet += mass.wet
        dry += mass.dry
    return Mass(wet, dry)
