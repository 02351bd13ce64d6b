"""The files that sender, sampler and scheduler wrote beside the run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.chaos.checker.evidence import Fault, OffsetSample, ProcessSample, Run, Sent

_OWN = ("lag_limit_s", "rss_limit_mb")


def run_of(path: Path) -> Run:
    """What `run.json` says. Raises KeyError where what must be there is not."""
    told = json.loads(path.read_text())
    return Run(
        site=told.get("site", "main"),
        bootstrap=_servers(told["bootstrap_servers"]),
        databases={service: _url(of) for service, of in told["services"].items()},
        healed_at=told.get("healed_at"),
        quiet_at=told.get("quiet_at"),
        **{name: float(told[name]) for name in _OWN if told.get(name) is not None},
    )


def _servers(told: str | list[str]) -> str:
    return told if isinstance(told, str) else ",".join(told)


def _url(told: str | Mapping[str, str]) -> str:
    return told if isinstance(told, str) else told["database"]


def lines(path: Path) -> Iterator[Any]:
    """Each line's JSON; none where there is no file. A last line that was cut off is left out."""
    if not path.exists():
        return
    with path.open() as file:
        for line in file:
            if line.endswith("\n") and line.strip():
                yield json.loads(line)


def history_of(told: Iterable[Mapping[str, Any]]) -> tuple[Sent, ...]:
    """What was sent, with its end."""
    sent: dict[int, Sent] = {}
    for line in told:
        n = line["n"]
        match line["event"]:
            case "sent":
                sent[n] = Sent(
                    n,
                    line["at"],
                    line["topic"],
                    line["key"],
                    line["id"],
                    line["kind"],
                    line["service"],
                    line["sha256"],
                )
            case "acked":
                place = {"partition": line["partition"], "offset": line["offset"]}
                sent[n] = replace(sent[n], end="acked", **place)
            case end:
                sent[n] = replace(sent[n], end=end)
    return tuple(sent.values())


def faults_of(told: Iterable[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """What was done to the system."""
    return tuple(
        Fault(line["at"], line.get("until"), line["fault"], line.get("target") or "") for line in told
    )


def samples_of(
    told: Iterable[Mapping[str, Any]],
) -> tuple[tuple[ProcessSample, ...], tuple[OffsetSample, ...]]:
    """What processes and databases looked like over time; counts of visible records are not used."""
    processes: list[ProcessSample] = []
    offsets: list[OffsetSample] = []
    for line in told:
        if "process" in line:
            figures = (line.get(name) for name in ("rss_mb", "lag", "outbox"))
            processes.append(ProcessSample(line["at"], line["process"], *figures))
        elif "offsets" in line:
            head = line.get("head") or {}
            offsets.append(
                OffsetSample(
                    line["at"],
                    line["service"],
                    line["offsets"],
                    head.get("position", 0),
                    head.get("link", ""),
                )
            )
    return tuple(processes), tuple(offsets)
