"""Over time: offsets go forward only, the lag goes away after the faults, memory stays bounded."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from tests.chaos.checker.derived import services
from tests.chaos.checker.evidence import (
    FACTS_READ,
    FIRST_READER,
    SERVICES,
    Evidence,
    Fault,
    OffsetSample,
    ProcessSample,
)
from tests.chaos.checker.verdicts import Findings, Verdict

GROWTH = 1.5
GROWTH_MB = 50.0
FEWEST = 9
"""Samples of a process from which its growth can be told."""
_TURNS_BACK = ("restore", "promote", "backup", "replica")
"""In the names of faults that put an older database in the place of one."""


def offsets_only_forward(evidence: Evidence) -> Verdict:
    """In every sample, in the database at the end, and never beyond the log."""
    found = Findings("offsets-only-forward")
    for service in services(evidence):
        samples = [sample for sample in evidence.offsets if sample.service == service]
        faults = [fault for fault in evidence.faults if _turns_back(fault, service)]
        database = evidence.databases[service]
        stored = {f"{topic}/{partition}": at for (topic, partition), at in database.intake.items()}
        end = OffsetSample(float("inf"), service, stored, *database.head)
        for before, after in zip([*samples, end], [*samples, end][1:], strict=False):
            found.examined += 1
            if not any(before.at <= (fault.until or fault.at) and fault.at <= after.at for fault in faults):
                _forward(before, after, found)
        for (topic, partition), at in database.intake.items():
            log = evidence.ends.get((topic, partition), at)
            if at > log:
                found.add(f"{service}: {topic}/{partition} is taken in up to {at}, it ends at {log}")
    return found.verdict()


def _turns_back(fault: Fault, service: str) -> bool:
    return any(word in fault.fault for word in _TURNS_BACK) and (
        not any(name in fault.target for name in SERVICES) or service in fault.target
    )


def _forward(before: OffsetSample, after: OffsetSample, found: Findings) -> None:
    where = f"{before.service} after {before.at:.1f}"
    for place, offset in before.offsets.items():
        later = after.offsets.get(place)
        if later is None or later < offset:
            found.add(f"{where}: {place} goes back from {offset} to {later}")
    if after.position < before.position:
        found.add(f"{where}: the outbox goes back from row {before.position} to {after.position}")
    if after.position == before.position and after.link != before.link:
        found.add(f"{where}: row {before.position} has another link than before")


def lag_returns_to_zero(evidence: Evidence) -> Verdict:
    """Within the stated time after the last fault, everywhere, and to stay."""
    found = Findings("lag-returns-to-zero")
    run = evidence.run
    last = {sample.process: sample for sample in evidence.processes}
    for name, sample in last.items():
        found.examined += 1
        if _is_service(name) and (sample.lag or sample.outbox):
            found.add(f"{name} ends with a lag of {sample.lag} and {sample.outbox} rows to publish")
    if run.quiet_at is None:
        found.add("the system never became quiet")
    elif run.healed_at is not None and run.quiet_at - run.healed_at > run.lag_limit_s:
        took = run.quiet_at - run.healed_at
        found.add(f"quiet {took:.1f} s after the last fault; {run.lag_limit_s:.0f} s are allowed")
    for service in services(evidence):
        topics = (run.commands_topic(service), *FACTS_READ[service])
        for (topic, partition), end in evidence.ends.items():
            if topic in topics:
                found.examined += 1
                _taken(evidence, service, (topic, partition), end, found)
    return found.verdict()


def _taken(evidence: Evidence, service: str, series: tuple[str, int], end: int, found: Findings) -> None:
    """Every visible record of a partition is taken in; what follows the last one is aborted or a marker."""
    at = evidence.databases[service].intake.get(series, 0)
    visible = evidence.readings[FIRST_READER].get(series, ())
    if visible and at <= visible[-1][0]:
        found.add(f"{service} is at {at} of {series[0]}/{series[1]}, which ends at {end}")


def memory_is_bounded(evidence: Evidence) -> Verdict:
    """Of each service's process: its last third's median against its first third's, and against the cap."""
    found = Findings("memory-is-bounded")
    by_process: dict[str, list[ProcessSample]] = {}
    for sample in evidence.processes:
        if sample.rss_mb is not None and _is_service(sample.process):
            by_process.setdefault(sample.process, []).append(sample)
    for name, samples in by_process.items():
        found.examined += len(samples)
        _bounded(name, [float(s.rss_mb or 0) for s in samples], evidence.run.rss_limit_mb, found)
    return found.verdict()


def _bounded(name: str, sizes: Sequence[float], limit: float, found: Findings) -> None:
    if max(sizes) > limit:
        found.add(f"{name} takes {max(sizes):.0f} MB, {limit:.0f} MB are allowed")
    if len(sizes) >= FEWEST:
        third = len(sizes) // 3
        begin, end = median(sizes[:third]), median(sizes[-third:])
        if end > GROWTH * begin + GROWTH_MB:
            found.add(f"{name} grows from {begin:.0f} MB to {end:.0f} MB")


def _is_service(process: str) -> bool:
    return process.startswith(SERVICES)
