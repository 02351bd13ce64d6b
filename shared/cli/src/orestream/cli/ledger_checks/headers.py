"""Every record carries the complete CloudEvents headers of a service's writing."""

from __future__ import annotations

from collections.abc import Iterator

from orestream.cli.ledger import Ledger
from orestream.cli.ledger_checks.verdict import Verdict, Violation, plural


def check_headers(ledger: Ledger) -> Verdict:
    """Headers are all there and well formed; what services write has a sequence and a cause."""
    return Verdict(
        "headers are complete",
        plural(len(ledger.entries) + len(ledger.unread), "record"),
        tuple(_violations(ledger)),
    )


def _violations(ledger: Ledger) -> Iterator[Violation]:
    for unread in ledger.unread:
        if unread.envelope is None:
            yield Violation(unread.record.at, str(unread.why))
    for record, envelope in ledger.envelopes():
        if envelope.sequence is None:
            yield Violation(record.at, "ce_sequence: this header is missing")
        if envelope.causation_id is None:
            yield Violation(record.at, "ce_causationid: this header is missing")
