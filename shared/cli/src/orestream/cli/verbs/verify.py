"""`orestream verify`: reads the whole ledger and checks it: nothing lost, doubled or made from nothing."""

from __future__ import annotations

import asyncio
import json as json_
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import typer

from orestream.chassis.records import Fetched
from orestream.chassis.settings import Settings
from orestream.cli.failing import ExitCode
from orestream.cli.ledger import LEDGER_TOPICS, decode_all
from orestream.cli.ledger_checks import CHECKS
from orestream.cli.ledger_checks.verdict import Verdict
from orestream.cli.options import AsJson, Bootstrap
from orestream.cli.reading import topic_reader
from orestream.cli.running import answering_for_mistakes, read_settings, run
from orestream.cli.terminal import answers, say, say_raw

EXAMPLE = "Example: orestream verify --bootstrap localhost:9092 && echo nothing is lost"

_SHOWN = 20
_ROUNDS = 5
_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Verification:
    """What the whole ledger looks like."""

    records: dict[str, int]
    """Topic → records read."""
    verdicts: tuple[Verdict, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not any(verdict.violations for verdict in self.verdicts)


def verify(bootstrap: Bootstrap = None, json: AsJson = False) -> None:
    """Read every fact topic and the outcomes from the beginning, and check them.

    Headers, ids, sequences, partitions, versions; masses lot by lot and metals batch by batch.
    Ends with 0 when all holds, 1 when something does not, 2 when Kafka cannot be read.
    """
    with answering_for_mistakes():
        settings = read_settings(bootstrap)
    found = run(verified(settings))
    if json:
        say_raw(json_.dumps(_as_json(found), ensure_ascii=False))
    else:
        show(found)
    raise typer.Exit(ExitCode.OK if found.clean else ExitCode.VIOLATIONS)


async def verified(settings: Settings, topics: Sequence[str] = LEDGER_TOPICS) -> Verification:
    """The verdicts on the ledger as it is now.

    While services are writing, the end that is read may cut a transaction in two. So what looks wrong is
    looked at again with what came since; only what stays wrong is reported.

    Raises:
        Unusable: Kafka cannot be read.
    """
    async with topic_reader(settings, topics) as reader:
        starts = await reader.starts("beginning")
        records: list[Fetched] = []
        suspects: Verification | None = None
        for _ in range(_ROUNDS):
            ends = await reader.ends(topics)
            more = await reader.between(starts, ends)
            records, starts = records + more, ends
            found = _check(records, reader.counts, topics)
            if found.clean or (suspects is not None and not more):
                return found
            if suspects is not None:
                found = _still_wrong(found, suspects)
                if found.clean:
                    return found
            suspects = found
            await asyncio.sleep(_PAUSE)
        assert suspects is not None
        return suspects


def _check(records: Sequence[Fetched], counts: Mapping[str, int], topics: Sequence[str]) -> Verification:
    ledger = decode_all(records, counts)
    per_topic = Counter(record.topic for record in records)
    return Verification(
        {topic: per_topic[topic] for topic in reversed(topics)}, tuple(check(ledger) for check in CHECKS)
    )


def _still_wrong(found: Verification, before: Verification) -> Verification:
    """What is wrong now and was wrong before, at the same place and of the same check."""
    known = {
        (verdict.check, violation.where) for verdict in before.verdicts for violation in verdict.violations
    }
    return Verification(
        found.records,
        tuple(
            Verdict(
                verdict.check,
                verdict.counted,
                tuple(v for v in verdict.violations if (verdict.check, v.where) in known),
                verdict.figures,
            )
            for verdict in found.verdicts
        ),
    )


def show(found: Verification) -> None:
    """Print figures, then every violation, then the verdict."""
    out = answers()
    for topic, count in found.records.items():
        say(out, f"{topic:<33} ", (f"{count:>9,}", "bold"), " records")
    for verdict in found.verdicts:
        wrong = len(verdict.violations)
        mark = (f"{wrong} wrong", "bold red") if wrong else ("holds", "green")
        say(out, mark, f"  {verdict.check}", (f"  ({verdict.counted})", "dim"))
        for name, value in verdict.figures:
            say(out, (f"         {name:<32} {value}", "dim"))
    for verdict in found.verdicts:
        for violation in verdict.violations[:_SHOWN]:
            say(out, ("wrong: ", "red"), f"{verdict.check}: {violation.where}: {violation.what}")
        if len(verdict.violations) > _SHOWN:
            say(out, f"… and {len(verdict.violations) - _SHOWN} more of {verdict.check}")
    say(out, ("verified: ", "bold"), "all of it holds" if found.clean else ("something is wrong", "bold red"))


def _as_json(found: Verification) -> dict[str, object]:
    return {
        "clean": found.clean,
        "records": found.records,
        "checks": [
            {
                "check": verdict.check,
                "counted": verdict.counted,
                "violations": [{"where": v.where, "what": v.what} for v in verdict.violations],
                "figures": dict(verdict.figures),
            }
            for verdict in found.verdicts
        ],
    }
