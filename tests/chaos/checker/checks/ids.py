"""No two visible records of one writer have the same id."""

from __future__ import annotations

from tests.chaos.checker.derived import own_records
from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.verdicts import Findings, Verdict


def no_duplicate_id(evidence: Evidence) -> Verdict:
    """`ce_id` with `ce_source` names one record, on whichever topic."""
    found = Findings("no-duplicate-id")
    for records in own_records(evidence).values():
        seen: dict[str, str] = {}
        for record in records:
            found.examined += 1
            first = seen.setdefault(record.id, record.at)
            if first != record.at:
                found.add(f"{record.at}: {record.id} of {record.source} stands at {first} already")
    return found.verdict()
