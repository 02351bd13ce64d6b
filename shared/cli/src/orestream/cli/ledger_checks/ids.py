"""No id is used twice: nothing is doubled."""

from __future__ import annotations

from orestream.cli.ledger import Ledger
from orestream.cli.ledger_checks.verdict import Verdict, Violation, plural


def check_ids(ledger: Ledger) -> Verdict:
    """`ce_id` is unique among the records of a source, over all topics."""
    first: dict[tuple[str, str], str] = {}
    violations = []
    for record, envelope in ledger.envelopes():
        known = first.setdefault((envelope.source, envelope.id), record.at)
        if known != record.at:
            violations.append(Violation(record.at, f"id {envelope.id} stands at {known} too"))
    return Verdict("ids are unique", plural(len(first), "id"), tuple(violations))
