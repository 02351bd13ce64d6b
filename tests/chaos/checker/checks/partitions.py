"""One partition per key: the one that Kafka's own default gives."""

from __future__ import annotations

from functools import lru_cache

from tests.chaos.checker.derived import own_records
from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.records import partition_of
from tests.chaos.checker.verdicts import Findings, Verdict


def one_partition_per_key(evidence: Evidence) -> Verdict:
    """murmur2 of the key, modulo partitions; of everything the services write."""
    found = Findings("one-partition-per-key")
    home = lru_cache(maxsize=200_000)(partition_of)
    for records in own_records(evidence).values():
        for record in records:
            found.examined += 1
            expected = home(record.key, evidence.partitions[record.topic]) if record.key else 0
            if record.partition != expected:
                found.add(f"{record.at}: key {record.key_text} belongs on partition {expected}")
    return found.verdict()
