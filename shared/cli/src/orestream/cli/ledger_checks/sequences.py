"""Sequences run from 1 without a hole: nothing is lost, nothing is out of order."""

from __future__ import annotations

from orestream.cli.ledger import Ledger
from orestream.cli.ledger_checks.verdict import Verdict, Violation, plural


def check_sequences(ledger: Ledger) -> Verdict:
    """`ce_sequence` counts 1, 2, 3 … for each source in each partition, in the order of offsets."""
    last: dict[tuple[str, str, int], int] = {}
    violations = []
    for record, envelope in ledger.envelopes():
        if envelope.sequence is None:
            continue
        series = (envelope.source, record.topic, record.partition)
        expected = last.get(series, 0) + 1
        if envelope.sequence != expected:
            violations.append(
                Violation(record.at, f"{envelope.source} wrote {envelope.sequence}, where {expected} follows")
            )
        last[series] = max(envelope.sequence, expected - 1)
    return Verdict("sequences have no hole", plural(len(last), "sequence"), tuple(violations))
