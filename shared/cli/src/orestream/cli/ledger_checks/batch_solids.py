"""Dry solids of every batch: what went in against what came out, recomputed from the facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from orestream.cli.ledger import Ledger
from orestream.cli.ledger_checks.verdict import Verdict, Violation, plural
from orestream.contracts.processing import Balance, BatchProcessed, BatchQuarantined, LotProduced

SOLIDS = "solids"
ZERO = Decimal("0.000")


def entered(batch: BatchProcessed) -> Decimal:
    """Dry kg that went in."""
    opening = batch.wip.opening.dry_kg if batch.wip else ZERO
    return sum((used.dry_kg for used in batch.inputs), ZERO) + opening


def left(batch: BatchProcessed) -> Decimal:
    """Dry kg that came out, were lost or stayed in process."""
    closing = batch.wip.closing.dry_kg if batch.wip else ZERO
    made = sum((output.dry_kg for output in batch.outputs), ZERO)
    return made + sum((loss.dry_kg for loss in batch.losses), ZERO) + closing


def check_batch_solids(ledger: Ledger) -> Verdict:
    """Sums, verdicts by their tolerances, outputs as they were born, quarantine of what fails."""
    batches = [entry.message for entry in ledger.of(BatchProcessed)]
    produced: dict[str, dict[str, LotProduced]] = {}
    for entry in ledger.of(LotProduced):
        produced.setdefault(entry.message.batch_id, {})[entry.message.lot_id] = entry.message
    quarantined = {entry.message.batch_id for entry in ledger.of(BatchQuarantined)}
    found: list[Violation] = []
    for batch in batches:
        if SOLIDS in batch.balance:
            found.extend(wrong_line(batch, SOLIDS, (entered(batch), left(batch))))
        found.extend(_outputs(batch, produced.get(batch.batch_id, {})))
        if batch.verdict in ("gain", "loss") and batch.batch_id not in quarantined:
            found.append(Violation(batch.batch_id, f"it ends in {batch.verdict} and is not quarantined"))
    verdicts = Counter(batch.verdict for batch in batches)
    return Verdict(
        "solids of every batch balance",
        plural(len(batches), "batch", "batches"),
        tuple(found),
        tuple((verdict, str(count)) for verdict, count in sorted(verdicts.items())),
    )


def wrong_line(
    batch: BatchProcessed, name: str, sums: tuple[Decimal, Decimal], rounding: Decimal = ZERO
) -> Iterator[Violation]:
    """What is wrong with one line of a balance, given the sums of what the facts say went in and out."""
    line = batch.balance[name]
    if line.in_kg is None or line.out_kg is None or line.unaccounted_kg is None:
        return
    for what, stated, computed in (("in", line.in_kg, sums[0]), ("out", line.out_kg, sums[1])):
        if abs(stated - computed) > rounding:
            yield Violation(
                batch.batch_id, f"{name} {what}: the facts give {computed} kg, {stated} are stated"
            )
    if abs(line.unaccounted_kg - (line.in_kg - line.out_kg)) > rounding:
        yield Violation(batch.batch_id, f"{name}: {line.unaccounted_kg} kg unaccounted is not in less out")
    if not _verdict_follows(line):
        yield Violation(
            batch.batch_id,
            f"{name}: {line.unaccounted_kg} kg within ±{line.tolerance_kg} kg is called {line.verdict}",
        )


def _verdict_follows(line: Balance) -> bool:
    assert line.unaccounted_kg is not None
    if line.tolerance_kg is None:
        return line.verdict == "not-testable"
    if abs(line.unaccounted_kg) <= line.tolerance_kg:
        return line.verdict in ("balanced", "measurement-too-poor")
    return line.verdict == ("gain" if line.unaccounted_kg < 0 else "loss")


def _outputs(batch: BatchProcessed, produced: dict[str, LotProduced]) -> Iterator[Violation]:
    for output in batch.outputs:
        born = produced.get(output.lot_id)
        if born is None:
            yield Violation(batch.batch_id, f"its output {output.lot_id} was never born")
        elif (born.wet_kg, born.dry_kg) != (output.wet_kg, output.dry_kg):
            yield Violation(
                batch.batch_id,
                f"{output.lot_id} came out with {output.dry_kg} kg dry and was born with {born.dry_kg}",
            )
    for lot in produced.keys() - {output.lot_id for output in batch.outputs}:
        yield Violation(batch.batch_id, f"{lot} claims to be made by it and is not among its outputs")
