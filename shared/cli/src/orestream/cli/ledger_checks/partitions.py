"""Every key stands on its own partition, so that the order of its records is one."""

from __future__ import annotations

from orestream.cli.ledger import Ledger
from orestream.cli.ledger_checks.verdict import Verdict, Violation, plural
from orestream.contracts.topics import partition_of


def check_partitions(ledger: Ledger) -> Verdict:
    """The partition is murmur2 of the key, Kafka's own default."""
    counts = ledger.partitions or {}
    violations = []
    keys = set()
    for record, envelope in ledger.envelopes():
        keys.add((record.topic, envelope.subject))
        count = counts.get(record.topic)
        if count is None:
            continue
        expected = partition_of(envelope.subject.encode(), count)
        if record.partition != expected:
            violations.append(Violation(record.at, f"key {envelope.subject} belongs on partition {expected}"))
    return Verdict("keys are on their partition", plural(len(keys), "key"), tuple(violations))
