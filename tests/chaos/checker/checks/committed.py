"""Every visible record is one committed outbox row, byte for byte, and every such row is visible once."""

from __future__ import annotations

from collections import Counter

from tests.chaos.checker.derived import own_records, rows_by_id, services
from tests.chaos.checker.evidence import FACT_TOPICS, OUTCOMES, Evidence
from tests.chaos.checker.records import differing
from tests.chaos.checker.verdicts import Findings, Verdict


def nothing_lost(evidence: Evidence) -> Verdict:
    """Every committed row is visible, once."""
    found = Findings("nothing-lost")
    for service, records in own_records(evidence).items():
        times = Counter(record.id for record in records)
        for row in evidence.databases[service].outbox:
            found.examined += 1
            if times[row.id] != 1:
                where = f"{row.topic}/{row.partition} sequence {row.sequence}"
                found.add(
                    f"{service} row {row.position} ({row.type} {_text(row.key)}, {where}) is visible "
                    f"{times[row.id]} times"
                )
    return found.verdict()


def nothing_leaked(evidence: Evidence) -> Verdict:
    """read_committed shows nothing that no database has, and nothing by a writer that nobody knows."""
    found = Findings("nothing-leaked")
    for service, records in own_records(evidence).items():
        rows = rows_by_id(evidence)[service]
        pruned = (evidence.databases[service].outbox or (None,))[0]
        first = pruned.position if pruned is not None else 1
        for record in records:
            found.examined += 1
            if record.id not in rows and first <= 1:
                found.add(f"{record.at}: {record.type} {record.key_text} is in no outbox of {service}")
    _strangers(evidence, found)
    return found.verdict()


def _strangers(evidence: Evidence, found: Findings) -> None:
    """On the fact topics only the services write, and whoever the history says."""
    own = {evidence.run.source(service) for service in services(evidence)}
    foreign = {(sent.topic, sent.key) for sent in evidence.history if sent.end != "aborted"}
    for record in evidence.of(*FACT_TOPICS, OUTCOMES):
        if record.source in own:
            continue
        found.examined += 1
        key = None if record.key is None else record.key.decode("utf-8", "backslashreplace")
        if (record.topic, key) not in foreign:
            found.add(
                f"{record.at}: {record.source or 'nobody'} wrote it, and the history knows nothing of it"
            )


def byte_for_byte(evidence: Evidence) -> Verdict:
    """Key, headers and value of every visible record are those of its row; so are its place and sequence."""
    found = Findings("byte-for-byte")
    for service, records in own_records(evidence).items():
        rows = rows_by_id(evidence)[service]
        for record in records:
            row = rows.get(record.id)
            if row is None:
                continue
            found.examined += 1
            if record.print != row.print:
                parts = differing(record.print, row.print)
                found.add(f"{record.at}: another {parts} than row {row.position} of {service}")
            elif (*record.series, record.sequence) != (*row.series, row.sequence):
                found.add(
                    f"{record.at}: row {row.position} of {service} belongs on {row.topic}/{row.partition}"
                )
    return found.verdict()


def _text(key: bytes | None) -> str:
    return "(no key)" if key is None else key.decode("utf-8", "backslashreplace")
