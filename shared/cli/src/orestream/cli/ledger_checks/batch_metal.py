"""Every element of every batch: recomputed from the certificates and results that the facts name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from orestream.cli.contents import AssayBook, Grades, assay_book, dry_grades, element_kg
from orestream.cli.ledger import Ledger
from orestream.cli.ledger_checks.batch_solids import SOLIDS, wrong_line
from orestream.cli.ledger_checks.verdict import Verdict, Violation, plural
from orestream.contracts.processing import BatchProcessed
from orestream.metallurgy.quantities import HUNDRED, exactly, kg

ROUNDING = Decimal("0.002")
"""Kg; sums are rounded once, differences of rounded sums may be off by one more."""
ZERO = Decimal("0.000")
_RECOVERY_STEP = Decimal("0.01")

Stream = tuple[Decimal, Grades]
"""Dry kg and grades."""


def check_batch_metal(ledger: Ledger) -> Verdict:
    """In, out, unaccounted and recovery of each element that a batch's balance tests."""
    book = assay_book(ledger)
    lines = 0
    found: list[Violation] = []
    metal_in: dict[str, Decimal] = defaultdict(lambda: ZERO)
    metal_lost: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for entry in ledger.of(BatchProcessed):
        for element, line in entry.message.balance.items():
            if element == SOLIDS or line.in_kg is None:
                continue
            lines += 1
            found.extend(_wrong(entry.message, element, book))
            metal_in[element] += line.in_kg
            metal_lost[element] += line.unaccounted_kg or ZERO
    figures = tuple(
        (element, f"{metal_in[element]:,} kg in, {metal_lost[element]:,} kg unaccounted")
        for element in sorted(metal_in)
    )
    return Verdict("every element of every batch balances", plural(lines, "balance"), tuple(found), figures)


@exactly
def _wrong(batch: BatchProcessed, element: str, book: AssayBook) -> list[Violation]:
    entered = _total(element, [*_inputs(batch, book), *_reagents(batch, element)])
    product = _total(element, _outputs(batch, book, lambda role: role == "product"))
    left = _total(element, [*_outputs(batch, book, lambda _: True), *_others(batch)])
    if entered is None or left is None:
        return [
            Violation(
                batch.batch_id, f"{element}: it is balanced, though not every stream has a number for it"
            )
        ]
    line = batch.balance[element]
    found = list(wrong_line(batch, element, (kg(entered), kg(left)), ROUNDING))
    if line.recovery_pct is not None and product is not None and entered > 0:
        recovery = product / entered * HUNDRED
        if abs(recovery - line.recovery_pct) > _RECOVERY_STEP:
            found.append(
                Violation(
                    batch.batch_id,
                    f"{element}: {recovery:.2f} % are recovered, {line.recovery_pct} % are stated",
                )
            )
    return found


def _inputs(batch: BatchProcessed, book: AssayBook) -> Iterator[Stream]:
    for used in batch.inputs:
        yield used.dry_kg, book.of(used.lot_id, used.certificate)
    if batch.wip is not None:
        yield batch.wip.opening.dry_kg, dry_grades(batch.wip.opening.results)


def _reagents(batch: BatchProcessed, element: str) -> Iterator[Stream]:
    """Reagents bring what their results say; without a result for the element they bring none."""
    for reagent in batch.reagents:
        grades = dry_grades(reagent.results or ())
        if element_kg(element, reagent.kg, grades) is not None:
            yield reagent.kg, grades


def _outputs(batch: BatchProcessed, book: AssayBook, wanted: Callable[[str], bool]) -> Iterator[Stream]:
    for output in batch.outputs:
        if wanted(output.role):
            yield output.dry_kg, book.book.get(output.lot_id, {})


def _others(batch: BatchProcessed) -> Iterator[Stream]:
    for loss in batch.losses:
        yield loss.dry_kg, dry_grades(loss.results or ())
    if batch.wip is not None:
        yield batch.wip.closing.dry_kg, dry_grades(batch.wip.closing.results)


def _total(element: str, streams: Iterable[Stream]) -> Decimal | None:
    """Unrounded kg of the element, or None where a stream has no number for it."""
    total = Decimal(0)
    for dry_kg, grades in streams:
        found = element_kg(element, dry_kg, grades)
        if found is None:
            return None
        total += found
    return total
