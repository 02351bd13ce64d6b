"""All readers agree on what is visible; what only read_uncommitted sees was aborted."""

from __future__ import annotations

from collections.abc import Mapping

from tests.chaos.checker.evidence import (
    FIRST_READER,
    THIRD_READER,
    UNCOMMITTED_READER,
    Evidence,
)
from tests.chaos.checker.records import Series, differing
from tests.chaos.checker.verdicts import Findings, Verdict


def readers_agree(evidence: Evidence) -> Verdict:
    """Offset by offset, byte by byte; kcat's headers are not compared, since it does not tell them apart."""
    found = Findings("readers-agree")
    for series, at in sorted(evidence.hidden.items()):
        end = evidence.ends.get(series, 0)
        found.add(f"{series[0]}/{series[1]}: read_committed stops at {at} of {end}: a transaction is open")
    shown: dict[Series, dict[int, bytes]] = {}
    for record in evidence.of(*evidence.records):
        shown.setdefault(record.series, {})[record.offset] = record.print
    for reader in evidence.readings:
        for series in sorted(shown.keys() | evidence.readings[reader].keys()):
            _compare(found, reader, series, shown.get(series, {}), evidence)
    return found.verdict()


def _compare(
    found: Findings, reader: str, series: Series, shown: Mapping[int, bytes], evidence: Evidence
) -> None:
    seen = dict(evidence.readings[reader].get(series, ()))
    found.examined += len(seen)
    where = f"{series[0]}/{series[1]}"
    for offset in sorted(shown.keys() - seen.keys()):
        found.add(f"{where}/{offset}: visible, but not to {reader}")
    if reader != UNCOMMITTED_READER:
        for offset in sorted(seen.keys() - shown.keys()):
            found.add(f"{where}/{offset}: {reader} sees what {FIRST_READER} does not")
    parts = {"headers"} if reader == THIRD_READER else set()
    for offset in shown.keys() & seen.keys():
        if shown[offset] != seen[offset]:
            others = set(differing(shown[offset], seen[offset]).split(", ")) - parts
            if others:
                found.add(f"{where}/{offset}: {reader} sees another {', '.join(sorted(others))}")
