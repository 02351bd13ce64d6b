"""`ce_sequence` counts 1, 2, 3 … for each source in each partition, in the order of offsets."""

from __future__ import annotations

from tests.chaos.checker.derived import own_records
from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.records import Series
from tests.chaos.checker.verdicts import Findings, Verdict


def sequences_without_holes(evidence: Evidence) -> Verdict:
    """No hole, no repeat, nothing out of order; and the last one is the last that the database gave."""
    found = Findings("sequences-without-holes")
    for service, records in own_records(evidence).items():
        last: dict[Series, int] = {}
        for record in records:
            found.examined += 1
            expected = last.get(record.series, 0) + 1
            if record.sequence != expected:
                found.add(f"{record.at}: {service} wrote sequence {record.sequence}, {expected} follows")
            last[record.series] = max(record.sequence, expected - 1)
        given = evidence.databases[service].sequences
        for topic, partition in sorted(given.keys() | last.keys()):
            ends = given.get((topic, partition), 0), last.get((topic, partition), 0)
            if ends[0] != ends[1]:
                found.add(f"{topic}/{partition}: {service} gave {ends[0]} sequences, {ends[1]} are visible")
    return found.verdict()
