"""What a service has read of others is taken in: each fact once, and nothing is left to be told."""

from __future__ import annotations

from tests.chaos.checker.derived import services
from tests.chaos.checker.evidence import FACTS_READ, Evidence
from tests.chaos.checker.verdicts import Findings, Verdict


def facts_are_taken_in(evidence: Evidence) -> Verdict:
    """The last sequence that a service remembers of another is that of the last fact below its offset."""
    found = Findings("facts-are-taken-in")
    for service in services(evidence):
        for kind, cause in evidence.databases[service].tasks:
            found.add(f"{service}: what {cause} left to be told ({kind}) is not told")
        for writer in services(evidence):
            _of_one(evidence, service, evidence.run.source(writer), found)
    return found.verdict()


def _of_one(evidence: Evidence, service: str, source: str, found: Findings) -> None:
    database = evidence.databases[service]
    last: dict[tuple[str, str, int], int] = {}
    for topic in FACTS_READ[service]:
        for record in evidence.of(topic):
            if record.source == source and record.offset < database.intake.get(record.series, 0):
                found.examined += 1
                series = (source, topic, record.partition)
                last[series] = max(last.get(series, 0), record.sequence)
    for series in sorted({*last, *(one for one in database.received if one[0] == source)}):
        told, known = last.get(series, 0), database.received.get(series, 0)
        if told != known:
            where = f"{series[1]}/{series[2]}"
            found.add(f"{service}: {where} is read up to sequence {told} of {source}, {known} is taken in")
